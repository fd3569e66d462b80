//! The chain of frames that a text is read in, nearest first.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{Key, Settled};
use crate::value::{Bindings, Scope, Scopes, StructValue, Value};

/// A chain of frames, nearest first.
pub(crate) type Env<'p> = Rc<Node<'p>>;

pub(crate) struct Node<'p> {
    pub(super) frame: Frame<'p>,
    pub(super) next: Option<Env<'p>>,
    pub(super) settled: RefCell<Memo<'p>>,
    /// Frames of structs that were read from here, so that they are resolved once too.
    structs: RefCell<Structs<'p>>,
}

/// A struct and the scopes it carries, by address.
type StructKey = (usize, usize);

/// The frames of structs. Most frames hold one or two, so they are looked through; more get an index.
#[derive(Default)]
struct Structs<'p> {
    /// Struct and scopes are kept because the key is their address.
    entries: Vec<(Rc<StructValue<'p>>, Scopes<'p>, Env<'p>)>,
    index: FxHashMap<StructKey, usize>,
}

impl<'p> Structs<'p> {
    fn key(inner: &Rc<StructValue<'p>>, scopes: &Scopes<'p>) -> StructKey {
        (Rc::as_ptr(inner).addr(), address_of(scopes))
    }

    fn get(&self, key: StructKey) -> Option<&Env<'p>> {
        let at = if self.entries.len() <= FEW {
            let is_it = |(inner, scopes, _): &(_, _, _)| Self::key(inner, scopes) == key;
            self.entries.iter().position(is_it)?
        } else {
            *self.index.get(&key)?
        };
        self.entries.get(at).map(|(_, _, frame)| frame)
    }

    fn insert(&mut self, inner: &Rc<StructValue<'p>>, scopes: &Scopes<'p>, frame: Env<'p>) {
        self.entries.push((inner.clone(), scopes.clone(), frame));
        if self.entries.len() > FEW {
            let first = match self.index.is_empty() {
                true => 0,
                false => self.entries.len() - 1,
            };
            let new = self.entries.iter().enumerate().skip(first);
            self.index
                .extend(new.map(|(at, (inner, scopes, _))| (Self::key(inner, scopes), at)));
        }
    }
}

/// So many are looked through.
const FEW: usize = 8;

/// The texts that were resolved in a frame. Most frames see one or two, so they are looked through; more get an index.
#[derive(Default)]
pub(super) struct Memo<'p> {
    /// The value is kept because its key is an address in it.
    entries: Vec<(Key, Value<'p>, Settled<'p>)>,
    index: FxHashMap<Key, usize>,
}

impl<'p> Memo<'p> {
    pub(super) fn get(&self, key: Key) -> Option<&Settled<'p>> {
        let at = if self.entries.len() <= FEW {
            self.entries.iter().position(|(own, ..)| *own == key)?
        } else {
            *self.index.get(&key)?
        };
        self.entries.get(at).map(|(_, _, settled)| settled)
    }

    pub(super) fn insert(&mut self, key: Key, value: Value<'p>, settled: Settled<'p>) {
        self.entries.push((key, value, settled));
        if self.entries.len() > FEW {
            let first = if self.index.is_empty() {
                0
            } else {
                self.entries.len() - 1
            };
            let new = self.entries.iter().enumerate().skip(first);
            self.index.extend(new.map(|(at, (key, ..))| (*key, at)));
        }
    }
}

/// The frames that hold frames of structs, which lead back to them. Nothing of that circle would ever be freed,
/// so it is opened when the evaluation is over.
#[derive(Default)]
pub(super) struct Frames<'p>(Holders<'p>);

type Holders<'p> = Rc<RefCell<Vec<Env<'p>>>>;

impl<'p> Frames<'p> {
    /// The chain that sees the inputs alone.
    pub(super) fn root(&self) -> Env<'p> {
        node(Frame::Inputs(self.0.clone()), None)
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        let holders = std::mem::take(&mut *self.0.borrow_mut());
        for holder in holders {
            let structs = std::mem::take(&mut *holder.structs.borrow_mut());
            let settled = std::mem::take(&mut *holder.settled.borrow_mut());
            drop((structs, settled));
        }
    }
}

pub(super) enum Frame<'p> {
    /// The outermost frame, and where frames are noted that hold others.
    Inputs(Holders<'p>),
    Bindings(Rc<Bindings<'p>>),
    Attributes(Rc<StructValue<'p>>),
    /// The element of a section over a list.
    Element(Value<'p>),
}

pub(super) fn node<'p>(frame: Frame<'p>, next: Option<Env<'p>>) -> Env<'p> {
    Rc::new(Node {
        frame,
        next,
        settled: RefCell::default(),
        structs: RefCell::default(),
    })
}

pub(super) fn address_of<T>(shared: &Option<Rc<T>>) -> usize {
    shared.as_ref().map_or(0, |shared| Rc::as_ptr(shared).addr())
}

/// Puts the scopes a value carries before the chain of the place where it landed.
pub(crate) fn enter<'p>(env: &Env<'p>, scopes: &Scopes<'p>) -> Env<'p> {
    match scopes {
        None => env.clone(),
        Some(scope) => {
            let next = enter(env, &scope.next);
            let frame = match &scope.scope {
                Scope::Bindings(bindings) => Frame::Bindings(bindings.clone()),
                Scope::Attributes(value) => Frame::Attributes(value.clone()),
            };
            node(frame, Some(next))
        }
    }
}

/// The chain that the attributes of a struct are read in.
pub(crate) fn struct_env<'p>(env: &Env<'p>, inner: &Rc<StructValue<'p>>, scopes: &Scopes<'p>) -> Env<'p> {
    let known = env.structs.borrow().get(Structs::key(inner, scopes)).cloned();
    known.unwrap_or_else(|| {
        let frame = node(Frame::Attributes(inner.clone()), Some(enter(env, scopes)));
        let is_first = env.structs.borrow().entries.is_empty();
        if is_first {
            note_holder(env);
        }
        env.structs.borrow_mut().insert(inner, scopes, frame.clone());
        frame
    })
}

/// Notes a frame that will hold others, at the outermost one.
fn note_holder<'p>(env: &Env<'p>) {
    let mut chain = std::iter::successors(Some(env), |node| node.next.as_ref());
    let holders = chain.find_map(|node| match &node.frame {
        Frame::Inputs(holders) => Some(holders),
        Frame::Bindings(_) | Frame::Attributes(_) | Frame::Element(_) => None,
    });
    if let Some(holders) = holders {
        holders.borrow_mut().push(env.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Weak;

    use super::*;
    use crate::eval::Compiler;
    use crate::lower::{Jobs, Lowering, Spans};
    use crate::{Given, ReadError, Sources, program};

    struct One;

    impl Sources for One {
        fn read(&self, _path: &str) -> Result<Vec<u8>, ReadError> {
            let process = "Process { name = \"p\", cmdline = \"echo {{role}}\" }";
            let resources = "Resources { cpu = 1.0, ram = 1MB, disk = 1MB }";
            let task = format!("Task {{ processes = [{process}], resources = {resources} }}");
            let job = "cluster = \"c\", role = \"r\", environment = \"e\"";
            Ok(format!("jobs = [Job {{ name = \"j\", {job}, task = {task} }}]\n").into_bytes())
        }

        fn env(&self, _name: &str) -> Option<String> {
            None
        }
    }

    /// A server evaluates for days: what an evaluation made goes with it.
    #[test]
    fn nothing_outlives_the_evaluation() {
        let given = Given::default();
        let (program, _, _) = program::load(&One, "main.aur", &given.limits);
        let mut compiler = Compiler::new(&program, &One, &given, false);
        compiler.gather_inputs();
        let (jobs, _) =
            Lowering::new(&mut compiler, Spans::Unwanted).program(crate::ENTRY_MODULE, Jobs::Needed);
        assert_eq!(jobs.len(), 1);
        let holders = compiler.resolver.frames.0.borrow();
        let frames: Vec<Weak<Node<'_>>> = holders.iter().map(Rc::downgrade).collect();
        drop(holders);
        assert!(!frames.is_empty(), "the program has structs in structs");
        drop(compiler);
        assert!(frames.iter().all(|frame| frame.upgrade().is_none()));
    }
}
