//! The backtracking matcher.
//!
//! A program and text flow in, the captures of a match flow out. Choices and changes to be undone lie on one stack of
//! its own, never on Rust's. The work is bounded: exponential patterns end in [`Exhausted`].

use super::charset::{lower, words};
use super::compile::{Op, Program};
use super::syntax::{Anchor, UNLIMITED};

/// The match took more steps than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// Start and end of a capture, in units.
pub(super) type Span = (usize, usize);

/// Choices open at once.
const MAX_STACK: usize = 1_000_000;
/// A plain step costs one; coming back to a choice costs this much.
const BACKTRACK_COST: u64 = 8;

enum Frame {
    /// Go on there.
    Branch {
        pc: usize,
        at: usize,
    },
    /// One more round of a lazy loop.
    More {
        pc: usize,
        at: usize,
    },
    /// Give back one character of a greedy run.
    Shorter {
        pc: usize,
        at: usize,
        left: u32,
        back: bool,
    },
    /// Take one more character for a lazy run.
    Longer {
        pc: usize,
        at: usize,
        count: u32,
    },
    Register {
        register: usize,
        value: usize,
    },
    Uncapture {
        group: usize,
    },
    Recapture {
        group: usize,
        span: Span,
    },
}

pub(super) struct Matcher<'a> {
    program: &'a Program,
    text: &'a [u16],
    search_start: usize,
    registers: Vec<usize>,
    captures: Vec<Vec<Span>>,
    stack: Vec<Frame>,
    budget: u64,
    allowed: u64,
}

impl<'a> Matcher<'a> {
    /// `groups` counts the whole match; `steps` bounds how often a choice is taken back.
    pub(super) fn new(program: &'a Program, text: &'a [u16], groups: usize, steps: usize) -> Self {
        Self {
            program,
            text,
            search_start: 0,
            registers: vec![0; program.registers],
            captures: vec![Vec::new(); groups],
            stack: Vec::new(),
            budget: (steps as u64).saturating_mul(BACKTRACK_COST),
            allowed: (steps as u64).saturating_mul(BACKTRACK_COST),
        }
    }

    /// The first match from a place on, towards the start of the text when `backward`. `\G` stands at `anchor`: where the
    /// search begins, or where the match before ended, should that lie one unit further back.
    pub(super) fn search(
        &mut self,
        start: usize,
        anchor: usize,
        backward: bool,
    ) -> Result<Option<Vec<Vec<Span>>>, Exhausted> {
        self.search_start = anchor;
        let mut at = start;
        loop {
            let possible = match &self.program.first {
                Some(first) => match self
                    .text
                    .get(at..)
                    .unwrap_or_default()
                    .iter()
                    .position(|u| first.contains(*u))
                {
                    Some(ahead) => {
                        self.spend(ahead as u64 / 16)?;
                        at += ahead;
                        true
                    }
                    None => return Ok(None),
                },
                None => true,
            };
            if possible
                && !(self.program.anchored && at > 0)
                && let Some(end) = self.run(at)?
            {
                let span = (at.min(end), at.max(end));
                let mut captures = std::mem::take(&mut self.captures);
                if let Some(whole) = captures.first_mut() {
                    *whole = vec![span];
                }
                return Ok(Some(captures));
            }
            if self.program.anchored
                || (backward && at == 0)
                || (!backward && at >= self.text.len())
            {
                return Ok(None);
            }
            at = if backward { at - 1 } else { at + 1 };
        }
    }

    /// What matching has cost so far.
    pub(super) fn cost(&self) -> u64 {
        self.allowed - self.budget
    }

    fn spend(&mut self, cost: u64) -> Result<(), Exhausted> {
        match self.budget.checked_sub(cost) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => {
                self.budget = 0;
                Err(Exhausted)
            }
        }
    }

    fn push(&mut self, frame: Frame) -> Result<(), Exhausted> {
        if self.stack.len() >= MAX_STACK {
            return Err(Exhausted);
        }
        self.stack.push(frame);
        Ok(())
    }

    fn register(&self, register: usize) -> usize {
        self.registers.get(register).copied().unwrap_or_default()
    }

    fn set_register(&mut self, register: usize, new: usize) -> Result<(), Exhausted> {
        let Some(slot) = self.registers.get_mut(register) else {
            return Ok(());
        };
        let value = std::mem::replace(slot, new);
        self.push(Frame::Register { register, value })
    }

    /// The unit next to a place in the direction of matching.
    fn unit(&self, at: usize, back: bool) -> Option<u16> {
        if back {
            self.text.get(at.checked_sub(1)?).copied()
        } else {
            self.text.get(at).copied()
        }
    }

    /// Takes back one change; `Some` where matching goes on after a choice.
    fn undo(&mut self, frame: Frame) -> Result<Option<(usize, usize)>, Exhausted> {
        match frame {
            Frame::Register { register, value } => {
                if let Some(slot) = self.registers.get_mut(register) {
                    *slot = value;
                }
                return Ok(None);
            }
            Frame::Uncapture { group } => {
                if let Some(spans) = self.captures.get_mut(group) {
                    spans.pop();
                }
                return Ok(None);
            }
            Frame::Recapture { group, span } => {
                if let Some(spans) = self.captures.get_mut(group) {
                    spans.push(span);
                }
                return Ok(None);
            }
            _ => {}
        }
        self.spend(BACKTRACK_COST)?;
        match frame {
            Frame::Branch { pc, at } => Ok(Some((pc, at))),
            Frame::More { pc, at } => {
                let Some(Op::Loop { count, place, .. }) = self.program.ops.get(pc) else {
                    return Ok(None);
                };
                let rounds = self.register(*count);
                self.set_register(*count, rounds + 1)?;
                self.set_register(*place, at)?;
                Ok(Some((pc + 1, at)))
            }
            Frame::Shorter { pc, at, left, back } => {
                let at = if back { at + 1 } else { at - 1 };
                if left > 1 {
                    self.push(Frame::Shorter {
                        pc,
                        at,
                        left: left - 1,
                        back,
                    })?;
                }
                Ok(Some((pc, at)))
            }
            Frame::Longer { pc, at, count } => {
                let Some(Op::Run { set, max, back, .. }) = self.program.ops.get(pc) else {
                    return Ok(None);
                };
                if count >= *max || !self.unit(at, *back).is_some_and(|unit| set.contains(unit)) {
                    return Ok(None);
                }
                let at = if *back { at - 1 } else { at + 1 };
                self.push(Frame::Longer {
                    pc,
                    at,
                    count: count + 1,
                })?;
                Ok(Some((pc + 1, at)))
            }
            Frame::Register { .. } | Frame::Uncapture { .. } | Frame::Recapture { .. } => Ok(None),
        }
    }

    /// Drops the choices made since the stack had that height, keeping what later failure must undo.
    fn commit(&mut self, height: usize) {
        let height = height.min(self.stack.len());
        let mut kept = height;
        for at in height..self.stack.len() {
            let undo = matches!(
                self.stack.get(at),
                Some(Frame::Register { .. } | Frame::Uncapture { .. } | Frame::Recapture { .. })
            );
            if undo {
                self.stack.swap(kept, at);
                kept += 1;
            }
        }
        self.stack.truncate(kept);
    }

    /// Runs the program from a place; gives the place where the match ends.
    fn run(&mut self, start: usize) -> Result<Option<usize>, Exhausted> {
        self.stack.clear();
        self.captures.iter_mut().for_each(Vec::clear);
        let (mut pc, mut at) = (0, start);
        let program = self.program;
        loop {
            self.spend(1)?;
            let Some(op) = program.ops.get(pc) else {
                return Ok(None);
            };
            if matches!(op, Op::Match) {
                return Ok(Some(at));
            }
            if let Some(next) = self.step(op, pc, at)? {
                (pc, at) = next;
                continue;
            }
            loop {
                let Some(frame) = self.stack.pop() else {
                    return Ok(None);
                };
                if let Some(next) = self.undo(frame)? {
                    (pc, at) = next;
                    break;
                }
            }
        }
    }

    /// One instruction: where to go on, or `None` when it fails.
    fn step(&mut self, op: &Op, pc: usize, at: usize) -> Result<Option<(usize, usize)>, Exhausted> {
        let moved = |at: usize, back: bool| if back { at - 1 } else { at + 1 };
        Ok(match op {
            Op::Unit { unit, fold, back } => match self.unit(at, *back) {
                Some(found) if found == *unit || (*fold && lower(found) == lower(*unit)) => {
                    Some((pc + 1, moved(at, *back)))
                }
                _ => None,
            },
            Op::Set { set, back } => match self.unit(at, *back) {
                Some(found) if set.contains(found) => Some((pc + 1, moved(at, *back))),
                _ => None,
            },
            Op::Run {
                set,
                min,
                max,
                lazy,
                back,
            } => {
                let wanted = if *lazy { *min } else { *max };
                let room = if *back {
                    at
                } else {
                    self.text.len() - at.min(self.text.len())
                };
                let limit = if wanted == UNLIMITED {
                    room
                } else {
                    room.min(wanted as usize)
                };
                let taken = if *back {
                    self.text
                        .iter()
                        .take(at)
                        .rev()
                        .take(limit)
                        .take_while(|u| set.contains(**u))
                        .count()
                } else {
                    self.text
                        .iter()
                        .skip(at)
                        .take(limit)
                        .take_while(|u| set.contains(**u))
                        .count()
                };
                self.spend(taken as u64 / 16)?;
                if taken < *min as usize {
                    return Ok(None);
                }
                let end = if *back { at - taken } else { at + taken };
                if *lazy {
                    self.push(Frame::Longer {
                        pc,
                        at: end,
                        count: *min,
                    })?;
                } else if taken > *min as usize {
                    // Text is far shorter than 4 billion units.
                    let left = u32::try_from(taken - *min as usize).unwrap_or(u32::MAX);
                    self.push(Frame::Shorter {
                        pc: pc + 1,
                        at: end,
                        left,
                        back: *back,
                    })?;
                }
                Some((pc + 1, end))
            }
            Op::Split { other } => {
                self.push(Frame::Branch { pc: *other, at })?;
                Some((pc + 1, at))
            }
            Op::Jump(target) => Some((*target, at)),
            Op::Mark { register } => {
                self.set_register(*register, at)?;
                Some((pc + 1, at))
            }
            Op::Capture {
                push,
                pop,
                register,
            } => self
                .capture(*push, *pop, self.register(*register), at)?
                .then_some((pc + 1, at)),
            Op::Reference {
                group,
                fold,
                back,
                empty_when_unset,
            } => self
                .reference(*group, *fold, *back, *empty_when_unset, at)
                .map(|at| (pc + 1, at)),
            Op::Anchor(anchor) => self.holds(*anchor, at).then_some((pc + 1, at)),
            Op::LoopStart { count } => {
                self.set_register(*count, 0)?;
                Some((pc + 1, at))
            }
            Op::Loop {
                count,
                place,
                min,
                max,
                lazy,
                exit,
            } => {
                let rounds = self.register(*count);
                if rounds >= *min as usize {
                    let full = *max != UNLIMITED && rounds >= *max as usize;
                    // A round that took nothing ends the loop, or it would never end.
                    if full || (rounds > 0 && self.register(*place) == at) {
                        return Ok(Some((*exit, at)));
                    }
                    if *lazy {
                        self.push(Frame::More { pc, at })?;
                        return Ok(Some((*exit, at)));
                    }
                    self.push(Frame::Branch { pc: *exit, at })?;
                }
                self.set_register(*count, rounds + 1)?;
                self.set_register(*place, at)?;
                Some((pc + 1, at))
            }
            Op::AtomicStart { height } => {
                let open = self.stack.len();
                self.set_register(*height, open)?;
                Some((pc + 1, at))
            }
            Op::AtomicEnd { height } => {
                self.commit(self.register(*height));
                Some((pc + 1, at))
            }
            Op::LookStart { height, place } => {
                let open = self.stack.len();
                self.set_register(*height, open)?;
                self.set_register(*place, at)?;
                Some((pc + 1, at))
            }
            Op::LookEnd { height, place } => {
                self.commit(self.register(*height));
                Some((pc + 1, self.register(*place)))
            }
            Op::NotLookStart { height, after } => {
                let open = self.stack.len();
                self.set_register(*height, open)?;
                self.push(Frame::Branch { pc: *after, at })?;
                Some((pc + 1, at))
            }
            Op::NotLookEnd { height } => {
                // The look matched: take everything back, the way around it included, and fail.
                let height = self.register(*height);
                while self.stack.len() > height {
                    match self.stack.pop() {
                        Some(
                            frame @ (Frame::Register { .. }
                            | Frame::Uncapture { .. }
                            | Frame::Recapture { .. }),
                        ) => {
                            self.undo(frame)?;
                        }
                        _ => self.spend(1)?,
                    }
                }
                None
            }
            Op::IfGroup { group, no } => {
                let set = self
                    .captures
                    .get(*group)
                    .is_some_and(|spans| !spans.is_empty());
                Some((if set { pc + 1 } else { *no }, at))
            }
            Op::IfLook { height, place, no } => {
                let open = self.stack.len();
                self.set_register(*height, open)?;
                self.set_register(*place, at)?;
                self.push(Frame::Branch { pc: *no, at })?;
                Some((pc + 1, at))
            }
            Op::Match => Some((pc, at)),
        })
    }

    /// Ends a group; false when a group to be popped has no capture.
    fn capture(
        &mut self,
        push: Option<usize>,
        pop: Option<usize>,
        from: usize,
        to: usize,
    ) -> Result<bool, Exhausted> {
        let (mut start, mut end) = (from.min(to), from.max(to));
        if let Some(group) = pop {
            let Some((popped_start, popped_end)) = self.captures.get_mut(group).and_then(Vec::pop)
            else {
                return Ok(false);
            };
            self.push(Frame::Recapture {
                group,
                span: (popped_start, popped_end),
            })?;
            // What lies between the popped capture and this group.
            if start >= popped_end {
                (start, end) = (popped_end, start);
            } else if end <= popped_start {
                start = popped_start;
            } else {
                end = end.min(popped_end);
                start = start.max(popped_start);
            }
        }
        if let Some(group) = push
            && let Some(spans) = self.captures.get_mut(group)
        {
            spans.push((start.min(end), end.max(start)));
            self.push(Frame::Uncapture { group })?;
        }
        Ok(true)
    }

    fn reference(
        &self,
        group: usize,
        fold: bool,
        back: bool,
        empty_when_unset: bool,
        at: usize,
    ) -> Option<usize> {
        let Some((start, end)) = self
            .captures
            .get(group)
            .and_then(|spans| spans.last().copied())
        else {
            return empty_when_unset.then_some(at);
        };
        let wanted = self.text.get(start..end)?;
        let from = if back {
            at.checked_sub(wanted.len())?
        } else {
            at
        };
        let found = self.text.get(from..from + wanted.len())?;
        let same = |(a, b): (&u16, &u16)| a == b || (fold && lower(*a) == lower(*b));
        wanted
            .iter()
            .zip(found)
            .all(same)
            .then(|| if back { from } else { from + wanted.len() })
    }

    fn holds(&self, anchor: Anchor, at: usize) -> bool {
        const LINE_FEED: u16 = 10;
        let before = self.unit(at, true);
        let after = self.unit(at, false);
        match anchor {
            Anchor::Start => at == 0,
            Anchor::LineStart => before.is_none_or(|unit| unit == LINE_FEED),
            Anchor::End => after.is_none(),
            Anchor::EndOrLastLine => {
                after.is_none() || (after == Some(LINE_FEED) && at + 1 == self.text.len())
            }
            Anchor::LineEnd => after.is_none_or(|unit| unit == LINE_FEED),
            Anchor::SearchStart => at == self.search_start,
            Anchor::Boundary(ecma) => is_word(before, ecma) != is_word(after, ecma),
            Anchor::NotBoundary(ecma) => is_word(before, ecma) == is_word(after, ecma),
        }
    }
}

/// `\w`, to which boundaries add the joiners U+200C and U+200D.
fn is_word(unit: Option<u16>, ecma: bool) -> bool {
    let Some(unit) = unit else { return false };
    if unit < 128 {
        return matches!(unit as u8, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_');
    }
    if ecma {
        return false;
    }
    let ranges = words(false);
    let at = ranges.partition_point(|(_, last)| *last < unit);
    matches!(unit, 0x200c | 0x200d) || ranges.get(at).is_some_and(|(first, _)| *first <= unit)
}
