//! Which control group trees there are, read from the kernel's two tables.

use std::path::{Path, PathBuf};

use super::{Controller, Mode};

/// One mounted tree of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Whether it is of the second version, where one tree has all controllers.
    pub version: Version,
    /// What it can limit or count. For version 2 what the kernel offers at the mount.
    pub controllers: Vec<Controller>,
    /// Where it is mounted.
    pub mount: PathBuf,
    /// Our own group, below the mount.
    pub own: PathBuf,
    /// Whether the mount refuses writes.
    pub is_read_only: bool,
}

/// The version of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A tree for each controller.
    One,
    /// One tree.
    Two,
}

/// Everything that is mounted and of use to us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The trees, that of version 2 first.
    pub trees: Vec<Tree>,
}

impl Layout {
    /// Reads `/proc/self/mountinfo` and `/proc/self/cgroup`. `offered` gives the content of
    /// `cgroup.controllers` at a mount of version 2.
    ///
    /// A tree whose mount does not show our own group is left out, and of several mounts of a tree the
    /// first counts. What cannot be understood is passed over.
    pub fn parse(mountinfo: &str, own_groups: &str, offered: impl Fn(&Path) -> String) -> Self {
        let mut layout = Self::default();
        for mount in mountinfo.lines().filter_map(Mount::parse) {
            let Some(tree) = mount.tree(own_groups, &offered) else {
                continue;
            };
            let is_known = layout.trees.iter().any(|known| {
                known.version == tree.version
                    && (tree.version == Version::Two || known.controllers == tree.controllers)
            });
            if !is_known {
                match tree.version {
                    Version::One => layout.trees.push(tree),
                    Version::Two => layout.trees.insert(0, tree),
                }
            }
        }
        layout
    }

    /// How groups are arranged here.
    pub fn mode(&self) -> Mode {
        let has = |version| self.trees.iter().any(|tree| tree.version == version);
        match (has(Version::Two), has(Version::One)) {
            (true, true) => Mode::Hybrid,
            (true, false) => Mode::V2,
            (false, true) => Mode::V1,
            (false, false) => Mode::None,
        }
    }
}

impl Tree {
    /// The groups in which ours may be made, topmost first: our own and those above it.
    ///
    /// Topmost, so that the groups of a task are not inside of a service or session whose end would be
    /// theirs, and that no group with processes of its own stands above them.
    pub fn bases(&self) -> Vec<PathBuf> {
        let mut bases = vec![self.mount.clone()];
        for part in &self.own {
            let last = bases.last().map_or_else(PathBuf::new, |last| last.join(part));
            bases.push(last);
        }
        bases
    }
}

/// One line of the mount table.
struct Mount<'a> {
    root: PathBuf,
    point: PathBuf,
    is_read_only: bool,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (place, what) = line.split_once(" - ")?;
        let mut place = place.split(' ');
        let (root, point, flags) = (place.nth(3)?, place.next()?, place.next()?);
        let mut what = what.split(' ');
        let (kind, options) = (what.next()?, what.nth(1)?);
        let is_read_only = [flags, options]
            .iter()
            .any(|list| list.split(',').any(|flag| flag == "ro"));
        Some(Self {
            root: unescape(root),
            point: unescape(point),
            is_read_only,
            kind,
            options,
        })
    }

    fn tree(self, own_groups: &str, offered: &impl Fn(&Path) -> String) -> Option<Tree> {
        let (version, controllers, own) = match self.kind {
            "cgroup2" => {
                let offered = offered(&self.point);
                let own = group_in(own_groups, |names| names.is_empty())?;
                (Version::Two, known(offered.split_ascii_whitespace()), own)
            }
            "cgroup" => {
                let controllers = known(self.options.split(','));
                let first = controllers.first()?.word();
                let own = group_in(own_groups, |names| names.split(',').any(|name| name == first))?;
                (Version::One, controllers, own)
            }
            _ => return None,
        };
        // A group outside of our name space begins with `..`; then only the top is sure to be there.
        let own = match own.strip_prefix(&self.root) {
            Ok(below) if below.components().all(|part| part.as_os_str() != "..") => below.to_path_buf(),
            Ok(_) | Err(_) if self.root == Path::new("/") => PathBuf::new(),
            Ok(_) | Err(_) => return None,
        };
        Some(Tree {
            version,
            controllers,
            mount: self.point,
            own,
            is_read_only: self.is_read_only,
        })
    }
}

fn known<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Controller> {
    words.filter_map(Controller::of).collect()
}

/// Our own group in the tree whose controllers are the wanted ones: `9:memory:/path`.
fn group_in(own_groups: &str, is_wanted: impl Fn(&str) -> bool) -> Option<PathBuf> {
    own_groups.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (names, path) = rest.split_once(':')?;
        is_wanted(names).then(|| PathBuf::from(path))
    })
}

/// Undoes the escapes of the mount table: blanks, newlines and backslashes are written in octal.
fn unescape(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match escaped.filter(|_| *first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(3..).unwrap_or(&[]);
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mountinfo: &str, own: &str, offered: &str) -> String {
        let layout = Layout::parse(mountinfo, own, |_| offered.to_string());
        let mut lines = vec![layout.mode().word().to_string()];
        for tree in &layout.trees {
            let words: Vec<&str> = tree.controllers.iter().map(|one| one.word()).collect();
            let bases: Vec<String> = tree
                .bases()
                .iter()
                .map(|base| base.display().to_string())
                .collect();
            let flag = if tree.is_read_only { " read-only" } else { "" };
            lines.push(format!(
                "{:?} [{}]{flag}: {}",
                tree.version,
                words.join(" "),
                bases.join(" ")
            ));
        }
        lines.join("\n")
    }

    #[test]
    fn version_two() {
        let mounts = "23 28 0:6 / /dev rw - devtmpfs devtmpfs rw\n\
                      30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
        let own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n";
        assert_eq!(
            shown(mounts, own, "cpuset cpu io memory hugetlb pids rdma misc\n"),
            "v2\n\
             Two [cpu memory pids]: /sys/fs/cgroup /sys/fs/cgroup/user.slice /sys/fs/cgroup/user.slice/user-1000.slice \
             /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service \
             /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice \
             /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope"
        );
    }

    #[test]
    fn version_one_and_hybrid() {
        let one = "31 30 0:27 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                   32 30 0:28 / /cg/memory rw - cgroup cgroup rw,memory\n\
                   33 30 0:29 / /cg/systemd rw - cgroup cgroup rw,name=systemd\n\
                   34 30 0:30 / /cg/freezer ro - cgroup cgroup rw,freezer\n\
                   35 30 0:31 / /other\\040place rw - cgroup cgroup rw,pids\n\
                   36 30 0:31 / /second rw - cgroup cgroup rw,pids\n";
        let own = "5:pids:/\n4:freezer:/\n3:memory:/a/b\n2:cpu,cpuacct:/\n1:name=systemd:/s\n0::/\n";
        let trees = "One [cpu cpuacct]: /cg/cpu,cpuacct\n\
                     One [memory]: /cg/memory /cg/memory/a /cg/memory/a/b\n\
                     One [freezer] read-only: /cg/freezer\n\
                     One [pids]: /other place";
        assert_eq!(shown(one, own, ""), format!("v1\n{trees}"));
        let both = format!("{one}40 30 0:40 / /cg/unified rw - cgroup2 cgroup2 rw\n");
        assert_eq!(
            shown(&both, own, "hugetlb\n"),
            format!("hybrid\nTwo []: /cg/unified\n{trees}")
        );
    }

    #[test]
    fn what_does_not_show_our_group_is_left_out() {
        // A container of the first version shows the part of the tree that is its own.
        let part = "31 30 0:27 /docker/abc /cg/memory ro - cgroup cgroup rw,memory\n";
        assert_eq!(
            shown(part, "3:memory:/docker/abc/x\n", ""),
            "v1\nOne [memory] read-only: /cg/memory /cg/memory/x"
        );
        assert_eq!(shown(part, "3:memory:/elsewhere\n", ""), "none");
        let outside = "30 22 0:26 / /cg rw - cgroup2 cgroup2 rw\n";
        assert_eq!(shown(outside, "0::/../../init.scope\n", ""), "v2\nTwo []: /cg");
        assert_eq!(shown("", "", ""), "none");
        assert_eq!(shown("garbage\n1 - 2\n - cgroup2 x y\n", "::\n", ""), "none");
    }
}
