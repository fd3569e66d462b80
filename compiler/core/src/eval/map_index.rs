//! Finding an entry of a large map, by an index that is made at the first question.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::eval::{Compiler, finished_text, is_key, simple_text};
use crate::value::{Kind, Value};

/// A map of no more entries is looked through.
const FEW: usize = 16;

/// The indices of large maps, by the address of their entries.
#[derive(Default)]
pub(crate) struct MapIndices<'p> {
    /// The map is kept because its address is the key. No index where a key is not known by itself.
    known: FxHashMap<usize, (Kind<'p>, Option<Index>)>,
}

/// Where the first entry of each key stands.
type Index = FxHashMap<SmolStr, usize>;

/// How an entry is found.
pub(crate) enum Lookup {
    /// It is the one with this number.
    At(usize),
    /// There is none.
    Missing,
    /// By looking through the map.
    Search,
}

impl<'p> Compiler<'p> {
    /// Reads a map or namespace by a finished key.
    pub(crate) fn entry(&mut self, map: &Kind<'p>, key: &str) -> Option<Value<'p>> {
        let found = self.look_up(map, key);
        match (map, found) {
            (_, Lookup::Missing) => None,
            (Kind::Map(pairs), Lookup::At(at)) => pairs.get(at).map(|(_, item)| item.clone()),
            (Kind::Namespace(entries), Lookup::At(at)) => entries.get(at).map(|(_, item)| item.clone()),
            (Kind::Map(pairs), Lookup::Search) => {
                let found = pairs.iter().find(|(own, _)| is_key(&own.kind, key));
                found.map(|(_, item)| item.clone())
            }
            (Kind::Namespace(entries), Lookup::Search) => {
                let found = entries.iter().find(|(own, _)| own == key);
                found.map(|(_, item)| item.clone())
            }
            _ => None,
        }
    }

    /// Looks a finished key up in a map or namespace.
    pub(crate) fn look_up(&mut self, map: &Kind<'p>, key: &str) -> Lookup {
        let (address, length) = match map {
            Kind::Map(pairs) => (Rc::as_ptr(pairs).addr(), pairs.len()),
            Kind::Namespace(entries) => (Rc::as_ptr(entries).addr(), entries.len()),
            _ => return Lookup::Search,
        };
        if length <= FEW {
            return Lookup::Search;
        }
        let known = &mut self.map_indices.known;
        let (_, index) = known
            .entry(address)
            .or_insert_with(|| (map.clone(), index_of(map)));
        match index {
            Some(index) => index.get(key).map_or(Lookup::Missing, |at| Lookup::At(*at)),
            None => Lookup::Search,
        }
    }
}

fn index_of(map: &Kind<'_>) -> Option<Index> {
    let mut index = Index::default();
    match map {
        Kind::Map(pairs) => {
            for (at, (key, _)) in pairs.iter().enumerate() {
                index.entry(key_of(&key.kind)?).or_insert(at);
            }
        }
        Kind::Namespace(entries) => {
            for (at, (key, _)) in entries.iter().enumerate() {
                index.entry(key.clone()).or_insert(at);
            }
        }
        _ => return None,
    }
    Some(index)
}

/// A key that is known by itself.
fn key_of(kind: &Kind<'_>) -> Option<SmolStr> {
    match finished_text(kind) {
        Some(text) => Some(SmolStr::from(text.as_ref())),
        None => simple_text(kind).map(SmolStr::from),
    }
}
