//! What the names of a file stand for, as far as the file itself and the standard library say.

use std::collections::{HashMap, HashSet};

use aur_grammar::tree::{Annotation, Item, ItemKind};

use super::{Modifiers, SemanticKind};
use crate::eval::BUILTINS;
use crate::program::item_name;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Struct,
    Enum,
    Alias,
    Value,
    Namespace,
}

impl Role {
    fn of(kind: &ItemKind) -> Option<Self> {
        match kind {
            ItemKind::Struct(_) => Some(Role::Struct),
            ItemKind::Enum { .. } => Some(Role::Enum),
            ItemKind::Alias { .. } => Some(Role::Alias),
            ItemKind::Input { .. } | ItemKind::Assign { .. } => Some(Role::Value),
            ItemKind::Include { .. } | ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => None,
        }
    }

    pub(super) fn is_type(self) -> bool {
        matches!(self, Role::Struct | Role::Enum | Role::Alias)
    }

    pub(super) fn kind(self) -> SemanticKind {
        match self {
            Role::Struct => SemanticKind::Struct,
            Role::Enum => SemanticKind::Enum,
            Role::Alias => SemanticKind::Type,
            Role::Value => SemanticKind::Variable,
            Role::Namespace => SemanticKind::Namespace,
        }
    }
}

/// A name that is known.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) role: Role,
    is_library: bool,
    is_deprecated: bool,
}

impl Known {
    pub(super) fn modifiers(self) -> Modifiers {
        Modifiers::NONE
            .with_if(Modifiers::READONLY, self.role == Role::Value)
            .with_if(Modifiers::DEFAULT_LIBRARY, self.is_library)
            .with_if(Modifiers::DEPRECATED, self.is_deprecated)
    }
}

/// All names that are known.
pub(super) struct Names<'t> {
    known: HashMap<&'t str, Known>,
    /// Deprecated members: struct and field.
    old_fields: HashSet<(&'t str, &'t str)>,
}

impl<'t> Names<'t> {
    pub(super) fn new(items: &'t [Item], prelude: &'t [Item]) -> Self {
        let mut names = Self {
            known: HashMap::with_capacity(items.len() + prelude.len()),
            old_fields: HashSet::new(),
        };
        // The names of the standard library cannot be given again, so it comes last.
        names.learn(items, false);
        names.learn(prelude, true);
        names
    }

    fn learn(&mut self, items: &'t [Item], is_library: bool) {
        for item in items {
            let kind = &item.node.kind;
            if let ItemKind::Include {
                alias: Some(alias), ..
            } = kind
            {
                let known = Known {
                    role: Role::Namespace,
                    is_library,
                    is_deprecated: false,
                };
                self.known.insert(&alias.name, known);
            }
            if let (Some(name), Some(role)) = (item_name(kind), Role::of(kind)) {
                let known = Known {
                    role,
                    is_library,
                    is_deprecated: is_deprecated(&item.node.annotations),
                };
                self.known.insert(&name.name, known);
            }
            if let ItemKind::Struct(declared) = kind {
                let old = declared.members.iter();
                let old = old.filter(|member| is_deprecated(&member.annotations));
                let owner = declared.name.name.as_str();
                self.old_fields
                    .extend(old.map(|member| (owner, member.name.name.as_str())));
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Known> {
        self.known.get(name).copied()
    }

    /// What a name that stands for a value or a function is.
    pub(super) fn kind(&self, name: &str) -> (SemanticKind, Modifiers) {
        match self.get(name) {
            Some(known) => (known.role.kind(), known.modifiers()),
            None if name == "matches" || BUILTINS.contains(&name) => {
                (SemanticKind::Function, Modifiers::DEFAULT_LIBRARY)
            }
            // From a file that is included, or not there.
            None if looks_like_type(name) => (SemanticKind::Type, Modifiers::NONE),
            None => (SemanticKind::Variable, Modifiers::READONLY),
        }
    }

    pub(super) fn is_deprecated_field(&self, owner: &str, field: &str) -> bool {
        !self.old_fields.is_empty() && self.old_fields.contains(&(owner, field))
    }
}

pub(super) fn is_deprecated(annotations: &[Annotation]) -> bool {
    annotations
        .iter()
        .any(|annotation| annotation.name.name == "deprecated")
}

/// Whether a type is built in.
pub(super) fn is_simple_type(name: &str) -> bool {
    matches!(
        name,
        "String" | "Integer" | "Float" | "Boolean" | "Bytes" | "Duration" | "List" | "Map"
    )
}

/// Whether a name that nothing is known of is written like that of a type: `Profile`, not `PRODUCTION`.
pub(super) fn looks_like_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase)
}
