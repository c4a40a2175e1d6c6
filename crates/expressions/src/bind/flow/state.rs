//! What is assigned at a place of an expression, and at the jumps out of a statement.

use std::collections::HashSet;

use crate::bind::tree::VarId;

/// Variables that are surely assigned; `None` where control cannot be.
#[derive(Clone, PartialEq, Default)]
pub(super) struct State(pub(super) Option<HashSet<VarId>>);

impl State {
    pub(super) fn has(&self, id: VarId) -> bool {
        self.0.as_ref().is_none_or(|set| set.contains(&id))
    }

    pub(super) fn add(&mut self, id: VarId) {
        if let Some(set) = &mut self.0 {
            set.insert(id);
        }
    }

    pub(super) fn join(self, other: Self) -> Self {
        match (self.0, other.0) {
            (None, other) => Self(other),
            (this, None) => Self(this),
            (Some(a), Some(b)) => Self(Some(a.intersection(&b).copied().collect())),
        }
    }

    /// Joins in place.
    pub(super) fn meet(&mut self, other: Self) {
        let own = std::mem::take(self);
        *self = own.join(other);
    }

    /// Goes on with a block that was left in the state `end`: nowhere, if it does not end.
    pub(super) fn then(&mut self, end: &Self) {
        match (&mut self.0, &end.0) {
            (Some(own), Some(end)) => own.extend(end),
            (own, None) => *own = None,
            (None, Some(_)) => {}
        }
    }

    pub(super) fn dead() -> Self {
        Self(None)
    }
}

/// Where the `goto`s of a switch lead to.
pub(super) struct Targets {
    /// The section of each `goto`.
    pub(super) gotos: Vec<usize>,
    /// By section: what is assigned at all `goto`s to it.
    pub(super) states: Vec<State>,
}

/// States at the jumps out of a statement.
#[derive(Default)]
pub(super) struct Jumps {
    pub(super) to_break: State,
    pub(super) to_continue: State,
    pub(super) to_return: State,
    /// By section of the innermost switch.
    pub(super) gotos: Vec<State>,
}

impl Jumps {
    pub(super) fn each(&mut self, change: impl Fn(&mut State)) {
        let single = [
            &mut self.to_break,
            &mut self.to_continue,
            &mut self.to_return,
        ];
        single.into_iter().chain(&mut self.gotos).for_each(change);
    }
}
