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
    structs: RefCell<Vec<(Rc<StructValue<'p>>, Scopes<'p>, Env<'p>)>>,
}

/// The texts that were resolved in a frame. Most frames see one or two, so they are looked through; more get an index.
#[derive(Default)]
pub(super) struct Memo<'p> {
    /// The value is kept because its key is an address in it.
    entries: Vec<(Key, Value<'p>, Settled<'p>)>,
    index: FxHashMap<Key, usize>,
}

impl<'p> Memo<'p> {
    const FEW: usize = 8;

    pub(super) fn get(&self, key: Key) -> Option<&Settled<'p>> {
        let at = if self.entries.len() <= Self::FEW {
            self.entries.iter().position(|(own, ..)| *own == key)?
        } else {
            *self.index.get(&key)?
        };
        self.entries.get(at).map(|(_, _, settled)| settled)
    }

    pub(super) fn insert(&mut self, key: Key, value: Value<'p>, settled: Settled<'p>) {
        self.entries.push((key, value, settled));
        if self.entries.len() > Self::FEW {
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

pub(super) enum Frame<'p> {
    /// The outermost frame.
    Inputs,
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
    let known = env.structs.borrow().iter().find_map(|(own, own_scopes, frame)| {
        (Rc::ptr_eq(own, inner) && address_of(own_scopes) == address_of(scopes)).then(|| frame.clone())
    });
    known.unwrap_or_else(|| {
        let frame = node(Frame::Attributes(inner.clone()), Some(enter(env, scopes)));
        env.structs
            .borrow_mut()
            .push((inner.clone(), scopes.clone(), frame.clone()));
        frame
    })
}
