//! The guard of one run: the small program between the runner and the process that it starts.
//!
//! It is the parent of the process, outlives the runner, and writes how the process ended into the run
//! file before it reaps it. It holds no state and takes no orders: it starts, records and ends.
//!
//! This one file is compiled twice. With `aur_guard_alone` it is a static program without a standard
//! library, built by the build script of aur-host and carried inside it; as a module of aur-host it is
//! the same protocol for machines on which that program cannot be built or run.
//!
//! ```text
//! arguments   name, run file, report pipe, run, boot, runner, wait for leftovers in ms,
//!             nanoseconds from boot to just before the start of the guard,
//!             doors (descriptors with commas between them), the folder behind the first door or nothing,
//!             role (user, group, further groups), path of the program, its name, its arguments
//! runner      claims and locks the run file; the guard inherits file and lock
//! guard       a session of its own, parent of orphans, GUARD record; starts the child, in the folder
//!             where the kernel can do that
//! child       a session of its own, enters its groups by writing to each door that it is not behind yet,
//!             becomes its role, EXEC record as its last act, exec; FAILED if that is refused
//! guard       waits for the end without reaping, EXIT record, reaps;
//!             nothing left: EMPTY record; something left: the runner, told by a signal, ends it if it
//!             lives, else the guard; either way the guard stays until the kernel says that all is gone
//! ```
//!
//! The report pipe closes when the child became its program, or carries the error number before that.

#![cfg_attr(aur_guard_alone, no_std)]
#![cfg_attr(aur_guard_alone, no_main)]

/// Bytes of one record of a run file.
pub(crate) const RECORD_BYTES: usize = 64;
/// By which a guard tells its runner that the process ended and left something behind: SIGURG, which does
/// nothing to whoever does not expect it.
pub(crate) const TELL_SIGNAL: i32 = 23;
/// How every record begins.
pub(crate) const MAGIC: [u8; 4] = *b"aurr";
/// The version of the records that are written.
pub(crate) const VERSION: u8 = 2;

#[cfg_attr(aur_guard_alone, expect(dead_code, reason = "only the runner writes it"))]
pub(crate) const KIND_OPEN: u8 = 1;
pub(crate) const KIND_EXEC: u8 = 2;
pub(crate) const KIND_EXIT: u8 = 3;
pub(crate) const KIND_EMPTY: u8 = 4;
pub(crate) const KIND_FAILED: u8 = 5;
pub(crate) const KIND_GUARD: u8 = 6;
#[cfg_attr(aur_guard_alone, expect(dead_code, reason = "only the runner writes it"))]
pub(crate) const KIND_GROUP: u8 = 7;

pub(crate) const END_CODE: u64 = 0;
pub(crate) const END_SIGNAL: u64 = 1;

/// The exit code of a guard that is called without arguments: it can be executed and is ours.
pub(crate) const PROBE_ANSWER: i32 = 60 + VERSION as i32;

/// How often a guard without a runner repeats SIGKILL for what its process left behind.
const KILL_AGAIN_MS: u64 = 20;
/// How often a guard that waits for what its process left behind looks whether its runner lives.
const RUNNER_LOOK_MS: u64 = 500;
/// How long a full disk is left alone before the record is tried again.
const DISK_RETRY_MS: isize = 1000;
/// More generations than a process table holds.
const MOST_ANCESTORS: usize = 4096;
/// Records that are read at once; by protocol a run file holds fewer.
const MOST_RECORDS: usize = 16;

const DOORS_PLACE: usize = 8;
const FOLDER_PLACE: usize = 9;
const ROLE_PLACE: usize = 10;
const PATH_PLACE: usize = 11;
const NAME_PLACE: usize = 12;
/// Nanoseconds of a clock tick, by which the kernel tells when processes began.
const TICK_NS: u64 = 10_000_000;

/// Further groups that a role can have.
pub(crate) const MOST_GROUPS: usize = 1024;
/// Added to the error number of a step before the exec, so that the runner can tell the steps apart.
pub(crate) const STEP_GROUP: i32 = 1 << 12;
pub(crate) const STEP_ROLE: i32 = 2 << 12;

const ESRCH: i32 = 3;
const EINTR: i32 = 4;
const EIO: i32 = 5;
const ENOEXEC: i32 = 8;
const ECHILD: i32 = 10;
const EINVAL: i32 = 22;
const ENOSPC: i32 = 28;
const ENOSYS: i32 = 38;
const EDQUOT: i32 = 122;
const SIGKILL: isize = 9;
const SIGTERM: isize = 15;
const SIGCHLD: isize = 17;
const SIGCONT: isize = 18;
const CLD_EXITED: i32 = 1;
const CLOCK_BOOTTIME: isize = 7;
const AT_FDCWD: isize = -100;
const O_RDONLY_CLOEXEC: isize = 0o2_000_000;
const F_SETFD: isize = 2;
const FD_CLOEXEC: isize = 1;
const PR_SET_NAME: isize = 15;
const PR_SET_CHILD_SUBREAPER: isize = 36;
const PR_SET_NO_NEW_PRIVS: isize = 38;
const SIG_SETMASK: isize = 2;
const WNOHANG: isize = 1;
const WEXITED: isize = 4;
const WNOWAIT: isize = 0x0100_0000;
const P_ALL: isize = 0;
const P_PID: isize = 1;

type Number = i32;
type Result<T> = core::result::Result<T, Number>;

/// Returns the bytes of a record. Allocates nothing: a forked child calls this too.
pub(crate) fn record(kind: u8, run: u32, values: [u64; 3], nanoseconds: u64) -> [u8; RECORD_BYTES] {
    let mut bytes = [0; RECORD_BYTES];
    put(&mut bytes, 0, &MAGIC);
    put(&mut bytes, 4, &[kind, VERSION]);
    put(&mut bytes, 8, &run.to_le_bytes());
    let [first, second, third] = values;
    put(&mut bytes, 16, &first.to_le_bytes());
    put(&mut bytes, 24, &second.to_le_bytes());
    put(&mut bytes, 32, &third.to_le_bytes());
    put(&mut bytes, 40, &nanoseconds.to_le_bytes());
    let crc = checksum(bytes.get(..60).unwrap_or(&[]));
    put(&mut bytes, 60, &crc.to_le_bytes());
    bytes
}

fn put(bytes: &mut [u8; RECORD_BYTES], at: usize, value: &[u8]) {
    for (place, byte) in bytes.iter_mut().skip(at).zip(value) {
        *place = *byte;
    }
}

/// The CRC-32 of zip and Ethernet, without a table.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

/// What the runner tells a guard.
struct Order {
    run_file: isize,
    report: isize,
    run: u32,
    boot: u64,
    runner: u64,
    leftover_ms: u64,
    /// When we did not exist yet, in nanoseconds since boot.
    before: u64,
    own: u64,
    environment: *const *const u8,
}

/// The whole life of a guard; returns its exit code.
///
/// # Safety
/// Both are arrays of C strings that end with a null pointer and stay as they are.
pub(crate) unsafe fn guard(arguments: *mut *const u8, environment: *const *const u8) -> i32 {
    // SAFETY: as promised by the caller.
    let order = match unsafe { read_order(arguments, environment) } {
        Some(order) => order,
        None => return PROBE_ANSWER,
    };
    mask_signals(u64::MAX);
    // The process does not inherit what is ours.
    call(kernel::FCNTL, [order.run_file, F_SETFD, FD_CLOEXEC, 0, 0]);
    call(kernel::FCNTL, [order.report, F_SETFD, FD_CLOEXEC, 0, 0]);
    // SAFETY: the place was found to be there.
    let folder = unsafe { next_number(&mut { *arguments.add(FOLDER_PLACE) }) };
    if let Some(folder) = folder {
        call(kernel::FCNTL, [folder as isize, F_SETFD, FD_CLOEXEC, 0, 0]);
    }
    // The process inherits no way into its groups. SAFETY: the place was found to be there.
    unsafe { each_door(*arguments.add(DOORS_PLACE), kernel::FCNTL, [F_SETFD, FD_CLOEXEC]) };
    // In the session of the runner, its death would wake a guard that somebody has stopped.
    call(kernel::SETSID, [0; 5]);
    call(kernel::PRCTL, [PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0]);
    call(
        kernel::PRCTL,
        [PR_SET_NAME, c"aur-guard".as_ptr() as isize, 0, 0, 0],
    );
    point(&order, b"guard-born");
    if let Err(error) = record_self(&order, KIND_GUARD, order.own, order.before) {
        report(&order, error);
        return 1;
    }
    point(&order, b"guard-recorded");
    let mut child = Child {
        order: &order,
        arguments,
        before: nanoseconds_since_boot(),
        is_inside: false,
    };
    // SAFETY: there is one thread, and the child goes on with system calls alone.
    match unsafe { kernel::start(&mut child, folder) } {
        Ok(child) => {
            // SAFETY: the place was found to be there.
            unsafe { each_door(*arguments.add(DOORS_PLACE), kernel::CLOSE, [0; 2]) };
            if let Some(folder) = folder {
                call(kernel::CLOSE, [folder as isize, 0, 0, 0, 0]);
            }
            watch(&order, child);
            0
        }
        Err(error) => {
            report(&order, error);
            1
        }
    }
}

/// Reads the arguments; `None` if there are too few.
///
/// # Safety
/// As [`guard`].
unsafe fn read_order(arguments: *mut *const u8, environment: *const *const u8) -> Option<Order> {
    let number = |place: usize| {
        // SAFETY: no place after a null pointer is read, as the places are read in order.
        let text = unsafe { *arguments.add(place) };
        // SAFETY: a pointer that is not null is a C string.
        (!text.is_null()).then(|| unsafe { decimal(text) })
    };
    number(0)?;
    let order = Order {
        run_file: number(1)? as isize,
        report: number(2)? as isize,
        run: number(3)? as u32,
        boot: number(4)?,
        runner: number(5)?,
        leftover_ms: number(6)?,
        before: number(7)?,
        own: call(kernel::GETPID, [0; 5]) as u64,
        environment,
    };
    number(DOORS_PLACE)?;
    number(FOLDER_PLACE)?;
    number(ROLE_PLACE)?;
    number(PATH_PLACE)?;
    number(NAME_PLACE)?;
    Some(order)
}

/// Reads decimal digits up to the first byte that is none.
///
/// # Safety
/// The text ends with a zero byte.
unsafe fn decimal(mut text: *const u8) -> u64 {
    // SAFETY: as promised by the caller.
    unsafe { take_decimal(&mut text) }
}

/// As [`decimal`]; leaves the text at the byte that is no digit.
///
/// # Safety
/// The text ends with a zero byte.
unsafe fn take_decimal(text: &mut *const u8) -> u64 {
    let mut value: u64 = 0;
    loop {
        // SAFETY: the end of the text was not passed so far, as its zero is no digit.
        let byte = unsafe { **text };
        if !byte.is_ascii_digit() {
            return value;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        // SAFETY: a digit is not the last byte.
        *text = unsafe { text.add(1) };
    }
}

/// Reads the next number of a list with commas in between; `None` at its end.
///
/// # Safety
/// The text ends with a zero byte.
unsafe fn next_number(text: &mut *const u8) -> Option<u64> {
    // SAFETY: as promised by the caller; what is passed over here is not the last byte.
    unsafe {
        if **text == b',' {
            *text = text.add(1);
        }
        (**text).is_ascii_digit().then(|| take_decimal(text))
    }
}

/// Makes a system call on each door.
///
/// # Safety
/// The list ends with a zero byte.
unsafe fn each_door(mut doors: *const u8, number: isize, [first, second]: [isize; 2]) {
    // SAFETY: as promised by the caller.
    while let Some(door) = unsafe { next_number(&mut doors) } {
        call(number, [door as isize, first, second, 0, 0]);
    }
}

/// Enters the groups of the run, so that nothing it starts is ever outside of them.
///
/// # Safety
/// The list ends with a zero byte.
unsafe fn enter_groups(mut doors: *const u8, is_inside: bool) -> Result<()> {
    if is_inside {
        // SAFETY: as promised by the caller.
        unsafe { next_number(&mut doors) };
    }
    // SAFETY: as promised by the caller.
    while let Some(door) = unsafe { next_number(&mut doors) } {
        let own = b"0";
        let written = call(kernel::WRITE, [door as isize, own.as_ptr() as isize, 1, 0, 0]);
        if let Some(error) = number_of(written) {
            return Err(error);
        }
    }
    Ok(())
}

/// Becomes the role, for good: further groups, group, user, and no way to more rights than that.
///
/// # Safety
/// The list ends with a zero byte.
unsafe fn become_role(mut role: *const u8) -> Result<()> {
    // SAFETY: as promised by the caller.
    let (user, group) = unsafe { (next_number(&mut role), next_number(&mut role)) };
    let (Some(user), Some(group)) = (user, group) else {
        return Ok(());
    };
    let mut groups = [0_u32; MOST_GROUPS];
    let mut count = 0;
    // SAFETY: as promised by the caller.
    while let Some(further) = unsafe { next_number(&mut role) } {
        *groups.get_mut(count).ok_or(EINVAL)? = further as u32;
        count += 1;
    }
    let (user, group) = (user as isize, group as isize);
    let steps = [
        call(
            kernel::SETGROUPS,
            [count as isize, groups.as_ptr() as isize, 0, 0, 0],
        ),
        call(kernel::SETRESGID, [group, group, group, 0, 0]),
        call(kernel::SETRESUID, [user, user, user, 0, 0]),
        call(kernel::PRCTL, [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]),
    ];
    match steps.into_iter().find_map(number_of) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// What the child finds, which may borrow our memory.
struct Child<'a> {
    order: &'a Order,
    arguments: *mut *const u8,
    /// When it did not exist yet, in nanoseconds since boot.
    before: u64,
    /// Whether it began behind the first door.
    is_inside: bool,
}

/// The whole life of a child that does not become its program.
///
/// # Safety
/// The arguments are as [`guard`] has them.
unsafe extern "C" fn be_child(child: *const Child<'_>) -> ! {
    // SAFETY: as promised by the caller.
    unsafe { become_program(&*child) };
    kernel::exit(1)
}

/// The child: records itself and becomes the program. Returns only if that is refused.
///
/// # Safety
/// As [`guard`].
unsafe fn become_program(child: &Child<'_>) {
    let Child { order, arguments, .. } = *child;
    call(kernel::SETSID, [0; 5]);
    mask_signals(0);
    point(order, b"child-born");
    // SAFETY: both places were found to be there.
    let prepared = unsafe {
        let entered = enter_groups(*arguments.add(DOORS_PLACE), child.is_inside);
        let entered = entered.map_err(|error| error | STEP_GROUP);
        entered.and_then(|()| become_role(*arguments.add(ROLE_PLACE)).map_err(|error| error | STEP_ROLE))
    };
    if let Err(error) = prepared {
        report(order, error);
        return;
    }
    let own = call(kernel::GETPID, [0; 5]) as u64;
    // A record that cannot be written means no exec: the run can be tried again.
    if let Err(error) = record_self(order, KIND_EXEC, own, child.before) {
        report(order, error);
        return;
    }
    point(order, b"child-recorded");
    // SAFETY: the places were found to be there, and the array ends with a null pointer.
    let error = unsafe {
        let path = *arguments.add(PATH_PLACE);
        let execute = |path: *const u8, place: usize| {
            let words = arguments.add(place) as isize;
            call(
                kernel::EXECVE,
                [path as isize, words, order.environment as isize, 0, 0],
            )
        };
        let mut result = execute(path, NAME_PLACE);
        if number_of(result) == Some(ENOEXEC) {
            // A script that does not say who reads it is read by the shell, as execvp has it.
            let shell = c"/bin/sh".as_ptr().cast();
            *arguments.add(PATH_PLACE) = shell;
            *arguments.add(NAME_PLACE) = path;
            result = execute(shell, PATH_PLACE);
        }
        number_of(result).unwrap_or(EIO)
    };
    let _ = write_record(order, KIND_FAILED, [error as u64, 0, 0]);
    report(order, error);
}

/// The guard after the fork: to the end of the child, and of what the child leaves behind.
fn watch(order: &Order, child: u64) {
    point(order, b"guard-forked");
    // Nothing of the process is held open by us, neither its outputs nor its folder.
    for descriptor in [order.report, 0, 1, 2] {
        call(kernel::CLOSE, [descriptor, 0, 0, 0, 0]);
    }
    call(kernel::CHDIR, [c"/".as_ptr() as isize, 0, 0, 0, 0]);
    let Some((kind, number)) = wait_for(child) else {
        return;
    };
    point(order, b"guard-told");
    let (has_started, has_failed) = stages(order);
    if !has_started || has_failed {
        // It never was the program, so that there is no end to tell of.
        reap(child);
        return;
    }
    if !record_end(order, kind, number) {
        // Unreaped, the status passes to the runner.
        return;
    }
    point(order, b"guard-exit-recorded");
    if is_orphaned(order) {
        call(kernel::FDATASYNC, [order.run_file, 0, 0, 0, 0]);
    }
    reap(child);
    point(order, b"guard-reaped");
    outlast_leftovers(order);
    let _ = write_record(order, KIND_EMPTY, [0; 3]);
    point(order, b"guard-empty-recorded");
}

/// Waits until the child has ended, and leaves it unreaped. Orphans that end meanwhile are reaped.
fn wait_for(child: u64) -> Option<(u64, u64)> {
    loop {
        match wait(P_ALL, 0, WEXITED | WNOWAIT) {
            Ok(Some(end)) if end.pid == child => {
                let kind = if end.code == CLD_EXITED {
                    END_CODE
                } else {
                    END_SIGNAL
                };
                return Some((kind, end.status));
            }
            Ok(Some(end)) => reap(end.pid),
            Ok(None) | Err(EINTR) => {}
            Err(_) => return None,
        }
    }
}

/// Writes the EXIT record. On a full disk an orphaned guard, the only one who knows, tries on.
fn record_end(order: &Order, kind: u64, number: u64) -> bool {
    loop {
        match write_record(order, KIND_EXIT, [kind, number, 0]) {
            Ok(()) => return true,
            Err(ENOSPC | EDQUOT) if is_orphaned(order) => sleep(DISK_RETRY_MS),
            Err(_) => return false,
        }
    }
}

/// Whether the runner that started us is gone.
fn is_orphaned(order: &Order) -> bool {
    call(kernel::GETPPID, [0; 5]) as u64 != order.runner
}

/// Waits until nothing of the run is left, and ends it if there is no runner to do so.
///
/// As we adopt the orphans of the run, "nothing" is exact: no process table is read for it, which a
/// process that forks on and on could outrun.
fn outlast_leftovers(order: &Order) {
    if !has_leftovers() {
        return;
    }
    if !is_orphaned(order) {
        call(
            kernel::KILL,
            [order.runner as isize, TELL_SIGNAL as isize, 0, 0, 0],
        );
    }
    let mut left = order.leftover_ms;
    let mut is_asked = false;
    while has_leftovers() {
        if !is_orphaned(order) {
            wait_for_change(RUNNER_LOOK_MS);
        } else if !is_asked {
            signal_below(order, SIGTERM);
            signal_below(order, SIGCONT);
            is_asked = true;
        } else if left > 0 {
            left -= wait_for_change(left.min(RUNNER_LOOK_MS)).min(left);
        } else {
            signal_below(order, SIGKILL);
            wait_for_change(KILL_AGAIN_MS);
        }
    }
}

/// Waits until a child of ours ended, or for so many milliseconds; returns how many passed.
fn wait_for_change(milliseconds: u64) -> u64 {
    let begin = milliseconds_since_boot();
    let children = [1_u64 << (SIGCHLD - 1)];
    let time = [milliseconds / 1000, milliseconds % 1000 * 1_000_000];
    // Blocked, as all of them are, the signal stays until it is taken here.
    call(
        kernel::RT_SIGTIMEDWAIT,
        [children.as_ptr() as isize, 0, time.as_ptr() as isize, 8, 0],
    );
    milliseconds_since_boot().saturating_sub(begin)
}

/// Whether anything of the run is alive. As we adopt its orphans, the kernel knows for sure.
fn has_leftovers() -> bool {
    loop {
        match wait(P_ALL, 0, WEXITED | WNOHANG) {
            Ok(Some(_)) | Err(EINTR) => {}
            Ok(None) => return true,
            Err(error) => return error != ECHILD,
        }
    }
}

/// Sends a signal to everything below us in the process tree.
fn signal_below(order: &Order, signal: isize) {
    let table = call(
        kernel::OPENAT,
        [AT_FDCWD, c"/proc".as_ptr() as isize, O_RDONLY_CLOEXEC, 0, 0],
    );
    if table < 0 {
        return;
    }
    let mut buffer = [0_u64; 512];
    loop {
        let read = call(
            kernel::GETDENTS64,
            [table, buffer.as_mut_ptr() as isize, 4096, 0, 0],
        );
        let Ok(length @ 1..) = usize::try_from(read) else {
            break;
        };
        // SAFETY: the kernel filled this many bytes of the buffer, which lives on.
        let mut entries = unsafe { core::slice::from_raw_parts(buffer.as_ptr().cast::<u8>(), length) };
        // An entry: inode and offset of 8 bytes each, its length, a type, the name.
        while let Some((head, name)) = entries.split_at_checked(19) {
            let size = match head {
                [.., low, high, _] => usize::from(u16::from_le_bytes([*low, *high])),
                _ => 0,
            };
            if let Some((pid, _)) = number_in(name) {
                signal_if_below(order, pid, signal);
            }
            entries = match entries.get(size..) {
                Some(rest) if size > 0 => rest,
                _ => break,
            };
        }
    }
    call(kernel::CLOSE, [table, 0, 0, 0, 0]);
}

fn signal_if_below(order: &Order, pid: u64, signal: isize) {
    if !is_below(order, pid) {
        return;
    }
    let handle = call(kernel::PIDFD_OPEN, [pid as isize, 0, 0, 0, 0]);
    match number_of(handle) {
        // Checked again behind the handle: a reused number is not below us.
        None if is_below(order, pid) => {
            call(kernel::PIDFD_SEND_SIGNAL, [handle, signal, 0, 0, 0]);
        }
        Some(ENOSYS) => {
            call(kernel::KILL, [pid as isize, signal, 0, 0, 0]);
        }
        None | Some(_) => {}
    }
    if handle >= 0 {
        call(kernel::CLOSE, [handle, 0, 0, 0, 0]);
    }
}

fn is_below(order: &Order, pid: u64) -> bool {
    let mut pid = pid;
    for _ in 0..MOST_ANCESTORS {
        match stat(pid) {
            Ok((parent, _)) if parent == order.own => return true,
            Ok((parent @ 2.., _)) => pid = parent,
            Ok(_) | Err(_) => return false,
        }
    }
    false
}

/// Writes a record that names us: number, start and boot. `before` is when we did not exist yet.
fn record_self(order: &Order, kind: u8, own: u64, before: u64) -> Result<()> {
    let (first, last) = (before / TICK_NS, nanoseconds_since_boot() / TICK_NS);
    let start_ticks = match first == last {
        // We began between the two, and asking would cost more than all else that we do.
        true => first,
        false => stat(own)?.1,
    };
    write_record(order, kind, [own, start_ticks, order.boot])
}

fn write_record(order: &Order, kind: u8, values: [u64; 3]) -> Result<()> {
    let bytes = record(kind, order.run, values, nanoseconds_since_boot());
    let written = call(
        kernel::WRITE,
        [
            order.run_file,
            bytes.as_ptr() as isize,
            RECORD_BYTES as isize,
            0,
            0,
        ],
    );
    match number_of(written) {
        None if written == RECORD_BYTES as isize => Ok(()),
        None => Err(ENOSPC),
        Some(error) => Err(error),
    }
}

fn nanoseconds_since_boot() -> u64 {
    let mut time = [0_isize; 2];
    call(
        kernel::CLOCK_GETTIME,
        [CLOCK_BOOTTIME, time.as_mut_ptr() as isize, 0, 0, 0],
    );
    let [seconds, nanoseconds] = time.map(|part| part as u64);
    seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds)
}

fn milliseconds_since_boot() -> u64 {
    nanoseconds_since_boot() / 1_000_000
}

/// Whether the child recorded itself, and whether it was refused after that.
fn stages(order: &Order) -> (bool, bool) {
    let mut bytes = [0_u8; RECORD_BYTES * MOST_RECORDS];
    let mut found = (false, false);
    let mut offset = 0;
    loop {
        let buffer = bytes.as_mut_ptr() as isize;
        let size = bytes.len() as isize;
        let read = call(kernel::PREAD64, [order.run_file, buffer, size, offset, 0]);
        let count = usize::try_from(read).unwrap_or(0) / RECORD_BYTES;
        let records = bytes.chunks_exact(RECORD_BYTES).take(count);
        for kind in records.filter_map(|record| record.get(4)) {
            found.0 |= *kind == KIND_EXEC;
            found.1 |= *kind == KIND_FAILED;
        }
        if read < size {
            return found;
        }
        offset += size;
    }
}

/// Tells the runner why there is no process. One that is gone hears nothing.
fn report(order: &Order, error: Number) {
    let bytes = error.to_le_bytes();
    call(
        kernel::WRITE,
        [order.report, bytes.as_ptr() as isize, bytes.len() as isize, 0, 0],
    );
}

/// Reads parent and start ticks of a process.
fn stat(pid: u64) -> Result<(u64, u64)> {
    let mut path = *b"/proc/00000000000000000000/stat\0";
    // Leading zeros are no name of a process, so the digits come first and the rest moves up.
    let mut length = 6;
    let mut divisor = 1;
    while pid / divisor >= 10 {
        divisor *= 10;
    }
    while divisor > 0 {
        if let Some(place) = path.get_mut(length) {
            *place = b'0' + (pid / divisor % 10) as u8;
        }
        length += 1;
        divisor /= 10;
    }
    for (place, byte) in path.iter_mut().skip(length).zip(b"/stat\0") {
        *place = *byte;
    }
    let file = call(
        kernel::OPENAT,
        [AT_FDCWD, path.as_ptr() as isize, O_RDONLY_CLOEXEC, 0, 0],
    );
    if let Some(error) = number_of(file) {
        return Err(error);
    }
    let mut bytes = [0_u8; 1024];
    let read = call(
        kernel::READ,
        [file, bytes.as_mut_ptr() as isize, bytes.len() as isize, 0, 0],
    );
    call(kernel::CLOSE, [file, 0, 0, 0, 0]);
    let text = bytes.get(..usize::try_from(read).unwrap_or(0)).unwrap_or(&[]);
    parse_stat(text).ok_or(ESRCH)
}

/// Finds parent and start ticks. The name in parentheses may hold anything, so the last one counts.
fn parse_stat(text: &[u8]) -> Option<(u64, u64)> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    // Behind the name: a blank, the state letter, a blank, and 19 numbers, some of them negative.
    let mut rest = text.get(end + 4..)?;
    let mut parent = 0;
    for field in 0..19 {
        let digits = rest.strip_prefix(b"-").unwrap_or(rest);
        let (value, length) = number_in(digits)?;
        match field {
            0 => parent = value,
            18 => return Some((parent, value)),
            _ => {}
        }
        rest = digits.get(length + 1..)?;
    }
    None
}

/// Reads the digits that a text begins with: their value and how many they are.
fn number_in(text: &[u8]) -> Option<(u64, usize)> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = text.get(..length)?.iter();
    let value = digits.fold(0_u64, |value, digit| {
        value.wrapping_mul(10).wrapping_add(u64::from(*digit & 15))
    });
    (length > 0).then_some((value, length))
}

struct Ended {
    pid: u64,
    code: i32,
    status: u64,
}

fn reap(pid: u64) {
    while let Err(EINTR) = wait(P_PID, pid, WEXITED | WNOHANG) {}
}

fn wait(kind: isize, id: u64, flags: isize) -> Result<Option<Ended>> {
    // The kernel leaves it as it is if nobody has ended. Number, error, code, then on machines of 64
    // bits a gap, then process, user, status.
    let mut info = [0_i32; 32];
    let place = info.as_mut_ptr() as isize;
    let result = call(kernel::WAITID, [kind, id as isize, place, flags, 0]);
    if let Some(error) = number_of(result) {
        return Err(error);
    }
    let gap = if size_of::<usize>() == 8 { 4 } else { 3 };
    let field = |at: usize| info.get(at).copied().unwrap_or(0);
    Ok(match field(gap) {
        0 => None,
        pid => Some(Ended {
            pid: pid as u64,
            code: field(2),
            status: field(gap + 2) as u64,
        }),
    })
}

/// Blocks the signals of the mask and no others. SIGKILL and SIGSTOP cannot be blocked.
fn mask_signals(mask: u64) {
    let mask = [mask];
    call(
        kernel::RT_SIGPROCMASK,
        [SIG_SETMASK, mask.as_ptr() as isize, 0, 8, 0],
    );
}

fn sleep(milliseconds: isize) {
    let time = [milliseconds / 1000, milliseconds % 1000 * 1_000_000];
    call(kernel::NANOSLEEP, [time.as_ptr() as isize, 0, 0, 0, 0]);
}

/// The error number of a result, where it is one.
fn number_of(result: isize) -> Option<Number> {
    (-4095..0).contains(&result).then_some(-result as Number)
}

fn call(number: isize, arguments: [isize; 5]) -> isize {
    // SAFETY: each caller passes what the call of this number takes, and pointers to what lives on.
    unsafe { kernel::call(number, arguments) }
}

/// A place at which a test may have somebody killed; compiled only where tests are.
#[cfg(aur_faults)]
fn point(order: &Order, name: &[u8]) {
    let wanted = faults::variable(order.environment, b"AUR_FAULT_AT=");
    let (Some(wanted), Some(once)) = (wanted, faults::variable(order.environment, b"AUR_FAULT_ONCE=")) else {
        return;
    };
    // SAFETY: both are C strings of our environment.
    let is_here = unsafe { faults::is_equal(wanted, name) };
    if !is_here || !faults::is_first(once) {
        return;
    }
    let victims = faults::variable(order.environment, b"AUR_FAULT_KILL=").unwrap_or(c"".as_ptr().cast());
    let own = call(kernel::GETPID, [0; 5]);
    for place in 0.. {
        // SAFETY: the zero at the end of the text ends the loop.
        let (victim, signal) = match unsafe { *victims.add(place) } {
            0 => return,
            b'g' => (order.own as isize, SIGKILL),
            b'r' => (order.runner as isize, SIGKILL),
            b's' => (own, faults::SIGSTOP),
            _ => (own, SIGKILL),
        };
        call(kernel::KILL, [victim, signal, 0, 0, 0]);
    }
}

#[cfg(not(aur_faults))]
fn point(_: &Order, _: &[u8]) {}

#[cfg(aur_faults)]
mod faults {
    use super::{AT_FDCWD, call, kernel, number_of};

    pub(super) const SIGSTOP: isize = 19;

    /// The value of a variable of the environment.
    pub(super) fn variable(mut environment: *const *const u8, name: &[u8]) -> Option<*const u8> {
        loop {
            // SAFETY: the array ends with a null pointer, where the loop ends, and holds C strings.
            unsafe {
                let entry = *environment;
                if entry.is_null() {
                    return None;
                }
                if name
                    .iter()
                    .enumerate()
                    .all(|(place, byte)| *entry.add(place) == *byte)
                {
                    return Some(entry.add(name.len()));
                }
                environment = environment.add(1);
            }
        }
    }

    /// Whether a C string is this text.
    ///
    /// # Safety
    /// The text ends with a zero byte.
    pub(super) unsafe fn is_equal(text: *const u8, name: &[u8]) -> bool {
        // SAFETY: the comparison stops at the first difference, at the latest at the zero.
        let has_name = name
            .iter()
            .enumerate()
            .all(|(place, byte)| unsafe { *text.add(place) } == *byte);
        // SAFETY: so many bytes of the text are there.
        has_name && unsafe { *text.add(name.len()) } == 0
    }

    /// Whether nobody has made this file before.
    pub(super) fn is_first(path: *const u8) -> bool {
        const CREATE_NEW: isize = 0o1 | 0o100 | 0o200 | 0o2_000_000;
        let file = call(kernel::OPENAT, [AT_FDCWD, path as isize, CREATE_NEW, 0o600, 0]);
        number_of(file).is_none()
    }
}

/// System calls by their bare numbers.
#[cfg(aur_guard_alone)]
mod kernel {
    use core::arch::{asm, global_asm};

    #[cfg(target_arch = "x86_64")]
    mod numbers {
        pub(crate) const READ: isize = 0;
        pub(crate) const WRITE: isize = 1;
        pub(crate) const CLOSE: isize = 3;
        pub(crate) const RT_SIGPROCMASK: isize = 14;
        pub(crate) const PREAD64: isize = 17;
        pub(crate) const NANOSLEEP: isize = 35;
        pub(crate) const GETPID: isize = 39;
        pub(super) const CLONE: isize = 56;
        pub(crate) const EXECVE: isize = 59;
        pub(crate) const KILL: isize = 62;
        pub(crate) const FCNTL: isize = 72;
        pub(crate) const FDATASYNC: isize = 75;
        pub(crate) const CHDIR: isize = 80;
        pub(crate) const GETPPID: isize = 110;
        pub(crate) const SETSID: isize = 112;
        pub(crate) const SETGROUPS: isize = 116;
        pub(crate) const SETRESUID: isize = 117;
        pub(crate) const SETRESGID: isize = 119;
        pub(crate) const PRCTL: isize = 157;
        pub(crate) const RT_SIGTIMEDWAIT: isize = 128;
        pub(crate) const GETDENTS64: isize = 217;
        pub(crate) const CLOCK_GETTIME: isize = 228;
        pub(super) const EXIT_GROUP: isize = 231;
        pub(crate) const WAITID: isize = 247;
        pub(crate) const OPENAT: isize = 257;
        pub(crate) const PIDFD_SEND_SIGNAL: isize = 424;
        pub(crate) const PIDFD_OPEN: isize = 434;
        pub(super) const CLONE3: isize = 435;
    }

    #[cfg(target_arch = "aarch64")]
    mod numbers {
        pub(crate) const FCNTL: isize = 25;
        pub(crate) const CHDIR: isize = 49;
        pub(crate) const OPENAT: isize = 56;
        pub(crate) const CLOSE: isize = 57;
        pub(crate) const GETDENTS64: isize = 61;
        pub(crate) const READ: isize = 63;
        pub(crate) const WRITE: isize = 64;
        pub(crate) const PREAD64: isize = 67;
        pub(crate) const FDATASYNC: isize = 83;
        pub(super) const EXIT_GROUP: isize = 94;
        pub(crate) const WAITID: isize = 95;
        pub(crate) const NANOSLEEP: isize = 101;
        pub(crate) const CLOCK_GETTIME: isize = 113;
        pub(crate) const KILL: isize = 129;
        pub(crate) const RT_SIGPROCMASK: isize = 135;
        pub(crate) const RT_SIGTIMEDWAIT: isize = 137;
        pub(crate) const SETRESUID: isize = 147;
        pub(crate) const SETRESGID: isize = 149;
        pub(crate) const SETSID: isize = 157;
        pub(crate) const SETGROUPS: isize = 159;
        pub(crate) const PRCTL: isize = 167;
        pub(crate) const GETPID: isize = 172;
        pub(crate) const GETPPID: isize = 173;
        pub(super) const CLONE: isize = 220;
        pub(crate) const EXECVE: isize = 221;
        pub(crate) const PIDFD_SEND_SIGNAL: isize = 424;
        pub(crate) const PIDFD_OPEN: isize = 434;
        pub(super) const CLONE3: isize = 435;
    }

    pub(super) use numbers::*;

    #[cfg(target_arch = "x86_64")]
    pub(super) unsafe fn call(number: isize, [a, b, c, d, e]: [isize; 5]) -> isize {
        let result;
        // SAFETY: the registers are those of the kernel's convention; the caller answers for the values.
        unsafe {
            asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c,
                in("r10") d, in("r8") e, in("r9") 0, lateout("rcx") _, lateout("r11") _,
                options(nostack));
        }
        result
    }

    #[cfg(target_arch = "aarch64")]
    pub(super) unsafe fn call(number: isize, [a, b, c, d, e]: [isize; 5]) -> isize {
        let result;
        // SAFETY: the registers are those of the kernel's convention; the caller answers for the values.
        unsafe {
            asm!("svc 0", in("x8") number, inlateout("x0") a => result, in("x1") b, in("x2") c,
                in("x3") d, in("x4") e, in("x5") 0, options(nostack));
        }
        result
    }

    const CLONE_VM: u64 = 0x100;
    const CLONE_VFORK: u64 = 0x4000;
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

    /// What the newer call takes: flags, four that are not used, the signal at the end, stack and others
    /// that are not used, and a folder.
    type CloneArguments = [u64; 11];

    /// Starts the child and returns its number once it is its program, or is gone. Until then it borrows our
    /// memory, so that nothing is copied: its stack goes on below ours, which nobody touches meanwhile, as
    /// the kernel keeps us waiting. If we are killed it goes on alone.
    ///
    /// Where there is a folder, and the kernel can do that (Linux 5.7), the child begins in that group.
    /// Entering it later has all processes of the machine wait for each other.
    pub(super) unsafe fn start(child: &mut super::Child<'_>, folder: Option<u64>) -> super::Result<u64> {
        let flags = CLONE_VM | CLONE_VFORK;
        if let Some(folder) = folder {
            let mut arguments: CloneArguments = [0; 11];
            let [first, _, _, _, signal, .., last] = &mut arguments;
            (*first, *signal, *last) = (flags | CLONE_INTO_CGROUP, super::SIGCHLD as u64, folder);
            child.is_inside = true;
            let place = (&raw const arguments) as isize;
            // SAFETY: the registers are those of the kernel's convention; the child never returns.
            let result = unsafe { clone(CLONE3, place, size_of::<CloneArguments>() as isize, child) };
            if super::number_of(result).is_none() {
                return Ok(result as u64);
            }
            child.is_inside = false;
        }
        // SAFETY: as above.
        let result = unsafe { clone(CLONE, flags as isize | super::SIGCHLD, 0, child) };
        match super::number_of(result) {
            None => Ok(result as u64),
            Some(error) => Err(error),
        }
    }

    #[cfg(target_arch = "x86_64")]
    unsafe fn clone(number: isize, first: isize, second: isize, child: *const super::Child<'_>) -> isize {
        let result;
        // SAFETY: as promised by the caller.
        unsafe {
            asm!("syscall", "test rax, rax", "jnz 2f",
                "xor ebp, ebp", "and rsp, -16", "mov rdi, r12", "call {child}", "ud2", "2:",
                child = sym super::be_child, inlateout("rax") number => result, in("rdi") first,
                in("rsi") second, in("rdx") 0, in("r10") 0, in("r8") 0, in("r12") child, lateout("rcx") _,
                lateout("r11") _);
        }
        result
    }

    #[cfg(target_arch = "aarch64")]
    unsafe fn clone(number: isize, first: isize, second: isize, child: *const super::Child<'_>) -> isize {
        let result;
        // SAFETY: as promised by the caller.
        unsafe {
            asm!("svc 0", "cbnz x0, 2f",
                "mov x29, xzr", "mov x30, xzr", "mov x0, x20", "bl {child}", "brk 1", "2:",
                child = sym super::be_child, in("x8") number, inlateout("x0") first => result,
                in("x1") second, in("x2") 0, in("x3") 0, in("x4") 0, in("x20") child);
        }
        result
    }

    #[cfg(target_arch = "x86_64")]
    global_asm!(".globl _start", "_start:", "xor ebp, ebp", "mov rdi, rsp", "and rsp, -16", "call {begin}", "ud2",
        begin = sym begin);

    #[cfg(target_arch = "aarch64")]
    global_asm!(".globl _start", "_start:", "mov x29, xzr", "mov x30, xzr", "mov x0, sp", "bl {begin}", "brk 1",
        begin = sym begin);

    /// Begins where the kernel leaves us: with the count of the arguments, the arguments, the environment.
    unsafe extern "C" fn begin(stack: *mut usize) -> ! {
        // SAFETY: this is how the kernel lays the stack out.
        let code = unsafe {
            let arguments = stack.add(1).cast::<*const u8>();
            let environment = arguments.add(*stack + 1).cast_const();
            super::guard(arguments, environment)
        };
        exit(code)
    }

    pub(super) fn exit(code: i32) -> ! {
        loop {
            // SAFETY: the call takes an integer and does not return.
            unsafe { call(EXIT_GROUP, [code as isize, 0, 0, 0, 0]) };
        }
    }

    #[panic_handler]
    fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
        exit(101)
    }

    // The compiler calls these by name. Volatile keeps it from making them call themselves.

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
        for place in 0..count {
            // SAFETY: the caller owns so many bytes.
            unsafe { to.add(place).write_volatile(byte as u8) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        for place in 0..count {
            // SAFETY: the caller owns so many bytes on both sides.
            unsafe { to.add(place).write_volatile(*from.add(place)) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
        for place in 0..count {
            // SAFETY: the caller owns so many bytes on both sides.
            let (one, other) = unsafe { (one.add(place).read_volatile(), *other.add(place)) };
            if one != other {
                return i32::from(one) - i32::from(other);
            }
        }
        0
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
        // SAFETY: as promised by the caller.
        unsafe { memcmp(one, other, count) }
    }

    /// Nothing unwinds here, but the prebuilt core library names it.
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}
}

/// System calls through the C library.
#[cfg(not(aur_guard_alone))]
mod kernel {
    macro_rules! numbers {
        ($($name:ident = $number:ident;)*) => {
            $(pub(super) const $name: isize = libc::$number as isize;)*
        };
    }

    numbers! {
        READ = SYS_read; WRITE = SYS_write; CLOSE = SYS_close; RT_SIGPROCMASK = SYS_rt_sigprocmask;
        PREAD64 = SYS_pread64; NANOSLEEP = SYS_nanosleep; GETPID = SYS_getpid; EXECVE = SYS_execve;
        KILL = SYS_kill; FCNTL = SYS_fcntl; FDATASYNC = SYS_fdatasync; CHDIR = SYS_chdir;
        GETPPID = SYS_getppid; SETSID = SYS_setsid; PRCTL = SYS_prctl; GETDENTS64 = SYS_getdents64;
        SETGROUPS = SYS_setgroups; SETRESUID = SYS_setresuid; SETRESGID = SYS_setresgid;
        CLOCK_GETTIME = SYS_clock_gettime; WAITID = SYS_waitid; OPENAT = SYS_openat;
        PIDFD_SEND_SIGNAL = SYS_pidfd_send_signal; PIDFD_OPEN = SYS_pidfd_open;
        RT_SIGTIMEDWAIT = SYS_rt_sigtimedwait;
    }

    fn last_error() -> isize {
        let error = std::io::Error::last_os_error();
        -(error.raw_os_error().unwrap_or(super::EIO) as isize)
    }

    pub(super) unsafe fn call(number: isize, [a, b, c, d, e]: [isize; 5]) -> isize {
        // SAFETY: the caller answers for the values.
        match unsafe { libc::syscall(number as libc::c_long, a, b, c, d, e, 0) } {
            -1 => last_error(),
            result => result as isize,
        }
    }

    pub(super) unsafe fn start(child: &mut super::Child<'_>, _: Option<u64>) -> super::Result<u64> {
        // SAFETY: the caller has one thread.
        match unsafe { libc::fork() } {
            -1 => Err(-last_error() as super::Number),
            // SAFETY: it is as the caller has it.
            0 => unsafe { super::be_child(child) },
            pid => Ok(pid as u64),
        }
    }

    pub(super) fn exit(code: i32) -> ! {
        // SAFETY: the call takes an integer; nothing of ours is run at the end.
        unsafe { libc::_exit(code) }
    }
}
