//! Shared trees whose nodes lie in one vector: the store behind JSON tokens and XML nodes.
//!
//! .NET keeps a whole tree alive as long as any of its nodes is (`Parent` always works), and a node may move from one
//! tree to another without losing its identity. So all nodes of a tree share one [`Tree`]; attaching a node joins two
//! trees by moving the smaller one's nodes, and handles to the moved nodes follow the forwarding note left behind.
//! Dropping a tree drops a vector, however deep the tree is.
//!
//! The rule that keeps the cells sound: code that runs while nodes are borrowed never touches another node's handle.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Position of a node in its tree.
pub(crate) type Id = u32;
/// No node, such as the parent of a root.
pub(crate) const NONE: Id = Id::MAX;

/// More nodes than positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

thread_local! {
    static WORK: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Notes that many steps of work: nodes visited, positions moved, records compared. Values know no budget; the next step
/// of the evaluation pays for the work noted since ([`take_work`]), so an expression can't make cheap calls that cost much.
pub(crate) fn work(steps: usize) {
    WORK.set(WORK.get().saturating_add(steps as u64));
}

/// Notes the work of looking at all of a text: what a hash, a comparison or a change of case costs.
#[inline]
pub(crate) fn work_on_text(bytes: usize) {
    if bytes >= 64 {
        work(bytes / 64);
    }
}

/// Notes that a value has grown by itself; paid for like [`work`].
pub(crate) fn grown(bytes: usize) {
    BYTES.set(BYTES.get().saturating_add(bytes));
    work(1);
}

/// The bytes noted since this was asked last.
pub(crate) fn take_bytes() -> usize {
    BYTES.replace(0)
}

/// The work noted and not yet paid for.
pub(crate) fn noted_work() -> u64 {
    WORK.get()
}

/// The work noted since this was asked last.
pub(crate) fn take_work() -> u64 {
    WORK.replace(0)
}

/// The nodes of a tree.
pub(crate) trait Arena: Default {
    /// How many there are.
    fn len(&self) -> usize;

    /// Moves all nodes of another arena behind this one's; their positions grow by the returned offset. Leaves both as
    /// they were when there is no room.
    fn append(&mut self, other: &mut Self) -> Result<Id, TooLarge>;
}

enum State<A> {
    Live(A),
    /// The nodes moved to another tree, their positions grown by the offset.
    Moved {
        to: Rc<Tree<A>>,
        offset: Id,
    },
}

/// A shared store of nodes.
pub(crate) struct Tree<A> {
    state: RefCell<State<A>>,
}

impl<A: Arena> Tree<A> {
    pub(crate) fn new(nodes: A) -> Rc<Self> {
        Rc::new(Self {
            state: RefCell::new(State::Live(nodes)),
        })
    }

    /// Where a node lies now.
    pub(crate) fn locate(self: &Rc<Self>, id: Id) -> (Rc<Self>, Id) {
        let mut tree = self.clone();
        let mut id = id;
        loop {
            let next = match &*tree.state.borrow() {
                State::Live(_) => None,
                State::Moved { to, offset } => Some((to.clone(), id + offset)),
            };
            match next {
                Some((to, moved)) => (tree, id) = (to, moved),
                None => return (tree, id),
            }
        }
    }

    /// Reads nodes. `f` must not touch any handle.
    pub(crate) fn read<T>(&self, id: Id, f: impl FnOnce(&A, Id) -> T) -> T {
        match &*self.state.borrow() {
            State::Live(nodes) => f(nodes, id),
            State::Moved { to, offset } => to.read(id + offset, f),
        }
    }

    /// Changes nodes. `f` must not touch any handle.
    pub(crate) fn write<T>(&self, id: Id, f: impl FnOnce(&mut A, Id) -> T) -> T {
        if let State::Moved { to, offset } = &*self.state.borrow() {
            return to.write(id + offset, f);
        }
        match &mut *self.state.borrow_mut() {
            State::Live(nodes) => f(nodes, id),
            // Decided above; nothing ran in between.
            State::Moved { to, offset } => to.write(id + *offset, f),
        }
    }

    /// Brings two live trees together in one.
    pub(crate) fn join(a: &Rc<Self>, b: &Rc<Self>) -> Result<(), TooLarge> {
        if Rc::ptr_eq(a, b) {
            return Ok(());
        }
        let size = |tree: &Rc<Self>| tree.read(0, |nodes, _| nodes.len());
        // The smaller one moves, so that every node moves at most log n times.
        let (large, small) = if size(a) >= size(b) { (a, b) } else { (b, a) };
        let mut small_state = small.state.borrow_mut();
        let mut large_state = large.state.borrow_mut();
        if let (State::Live(target), State::Live(source)) = (&mut *large_state, &mut *small_state) {
            work(source.len());
            let offset = target.append(source)?;
            drop(large_state);
            *small_state = State::Moved {
                to: large.clone(),
                offset,
            };
        }
        Ok(())
    }
}
