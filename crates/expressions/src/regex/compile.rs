//! From a pattern's parts to a program for the matcher.

use super::charset::{self, CharSet};
use super::syntax::{Anchor, Condition, Node, Options, Pattern};

/// One instruction. Numbers named `register` index the matcher's registers, the others are places in the program.
#[derive(Debug)]
pub(super) enum Op {
    Unit {
        unit: u16,
        fold: bool,
        back: bool,
    },
    Set {
        set: CharSet,
        back: bool,
    },
    /// A repeated single character.
    Run {
        set: CharSet,
        min: u32,
        max: u32,
        lazy: bool,
        back: bool,
    },
    /// Tries the next instruction, then the other.
    Split {
        other: usize,
    },
    Jump(usize),
    /// Notes the place where a group begins.
    Mark {
        register: usize,
    },
    Capture {
        push: Option<usize>,
        pop: Option<usize>,
        register: usize,
    },
    Reference {
        group: usize,
        fold: bool,
        back: bool,
        empty_when_unset: bool,
    },
    Anchor(Anchor),
    LoopStart {
        count: usize,
    },
    /// The body follows; it jumps back here.
    Loop {
        count: usize,
        place: usize,
        min: u32,
        max: u32,
        lazy: bool,
        exit: usize,
    },
    /// Notes how many choices are open.
    AtomicStart {
        height: usize,
    },
    /// Forgets choices made since.
    AtomicEnd {
        height: usize,
    },
    LookStart {
        height: usize,
        place: usize,
    },
    LookEnd {
        height: usize,
        place: usize,
    },
    /// If the look fails, matching goes on at `after`.
    NotLookStart {
        height: usize,
        after: usize,
    },
    NotLookEnd {
        height: usize,
    },
    /// Goes to `no` unless the group has a capture.
    IfGroup {
        group: usize,
        no: usize,
    },
    /// Goes to `no` if the look that follows fails.
    IfLook {
        height: usize,
        place: usize,
        no: usize,
    },
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) registers: usize,
    /// What a match must begin with, where that is a single set.
    pub(super) first: Option<CharSet>,
    /// A match can begin only where the text does.
    pub(super) anchored: bool,
}

pub(super) fn compile(pattern: &Pattern, options: Options) -> Program {
    let mut compiler = Compiler {
        ops: Vec::new(),
        registers: 0,
    };
    compiler.node(&pattern.root);
    compiler.ops.push(Op::Match);
    let forward = !options.right_to_left;
    Program {
        first: first(&pattern.root).filter(|_| forward),
        anchored: forward && anchored(&pattern.root),
        ops: compiler.ops,
        registers: compiler.registers,
    }
}

struct Compiler {
    ops: Vec<Op>,
    registers: usize,
}

/// A unit as a set, both cases where case is ignored.
fn unit_set(unit: u16, fold: bool) -> CharSet {
    if fold {
        let (lower, upper) = (charset::lower(unit), charset::upper(unit));
        let mut set = CharSet::default();
        [unit, lower, upper]
            .into_iter()
            .for_each(|unit| set.add(unit, unit));
        set.finished(false, true)
    } else {
        CharSet::single(unit)
    }
}

impl Compiler {
    fn register(&mut self) -> usize {
        self.registers += 1;
        self.registers - 1
    }

    /// Sets the target of the jump at `at` to the next instruction.
    fn land(&mut self, at: usize) {
        let here = self.ops.len();
        if let Some(
            Op::Split { other: target }
            | Op::Jump(target)
            | Op::Loop { exit: target, .. }
            | Op::NotLookStart { after: target, .. }
            | Op::IfGroup { no: target, .. }
            | Op::IfLook { no: target, .. },
        ) = self.ops.get_mut(at)
        {
            *target = here;
        }
    }

    fn push(&mut self, op: Op) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Unit {
                unit,
                ignore_case,
                backward,
            } => {
                self.push(Op::Unit {
                    unit: *unit,
                    fold: *ignore_case,
                    back: *backward,
                });
            }
            Node::Set { set, backward } => {
                self.push(Op::Set {
                    set: set.clone(),
                    back: *backward,
                });
            }
            Node::Sequence {
                parts,
                backward: false,
            } => parts.iter().for_each(|part| self.node(part)),
            Node::Sequence {
                parts,
                backward: true,
            } => parts.iter().rev().for_each(|part| self.node(part)),
            Node::Alternatives(branches) => {
                let mut ends = Vec::new();
                for (index, branch) in branches.iter().enumerate() {
                    if index + 1 == branches.len() {
                        self.node(branch);
                        continue;
                    }
                    let split = self.push(Op::Split { other: 0 });
                    self.node(branch);
                    ends.push(self.push(Op::Jump(0)));
                    self.land(split);
                }
                ends.into_iter().for_each(|end| self.land(end));
            }
            Node::Repeat {
                body,
                min,
                max,
                lazy,
            } => self.repeat(body, *min, *max, *lazy),
            Node::Group { push, pop, body } => {
                let register = self.register();
                self.push(Op::Mark { register });
                self.node(body);
                self.push(Op::Capture {
                    push: *push,
                    pop: *pop,
                    register,
                });
            }
            Node::Reference {
                group,
                ignore_case,
                backward,
                empty_when_unset,
            } => {
                self.push(Op::Reference {
                    group: *group,
                    fold: *ignore_case,
                    back: *backward,
                    empty_when_unset: *empty_when_unset,
                });
            }
            Node::Look {
                body,
                negative: false,
            } => {
                let (height, place) = (self.register(), self.register());
                self.push(Op::LookStart { height, place });
                self.node(body);
                self.push(Op::LookEnd { height, place });
            }
            Node::Look {
                body,
                negative: true,
            } => {
                let height = self.register();
                let start = self.push(Op::NotLookStart { height, after: 0 });
                self.node(body);
                self.push(Op::NotLookEnd { height });
                self.land(start);
            }
            Node::Atomic(body) => {
                let height = self.register();
                self.push(Op::AtomicStart { height });
                self.node(body);
                self.push(Op::AtomicEnd { height });
            }
            Node::Conditional { condition, yes, no } => {
                let test = match condition {
                    Condition::Group(group) => self.push(Op::IfGroup {
                        group: *group,
                        no: 0,
                    }),
                    Condition::Look(body) => {
                        let (height, place) = (self.register(), self.register());
                        let test = self.push(Op::IfLook {
                            height,
                            place,
                            no: 0,
                        });
                        self.node(body);
                        self.push(Op::LookEnd { height, place });
                        test
                    }
                };
                self.node(yes);
                let end = self.push(Op::Jump(0));
                self.land(test);
                self.node(no);
                self.land(end);
            }
            Node::Anchor(anchor) => {
                self.push(Op::Anchor(*anchor));
            }
        }
    }

    fn repeat(&mut self, body: &Node, min: u32, max: u32, lazy: bool) {
        let run = match body {
            Node::Unit {
                unit,
                ignore_case,
                backward,
            } => Some((unit_set(*unit, *ignore_case), *backward)),
            Node::Set { set, backward } => Some((set.clone(), *backward)),
            _ => None,
        };
        if let Some((set, back)) = run {
            self.push(Op::Run {
                set,
                min,
                max,
                lazy,
                back,
            });
            return;
        }
        let (count, place) = (self.register(), self.register());
        self.push(Op::LoopStart { count });
        let start = self.push(Op::Loop {
            count,
            place,
            min,
            max,
            lazy,
            exit: 0,
        });
        self.node(body);
        self.push(Op::Jump(start));
        self.land(start);
    }
}

fn first(node: &Node) -> Option<CharSet> {
    match node {
        Node::Unit {
            unit, ignore_case, ..
        } => Some(unit_set(*unit, *ignore_case)),
        Node::Set { set, .. } => Some(set.clone()),
        Node::Sequence {
            parts,
            backward: false,
        } => {
            // Anchors take no room, so what follows them is still first.
            parts
                .iter()
                .find(|part| !matches!(part, Node::Anchor(_)))
                .and_then(first)
        }
        Node::Group { body, .. } | Node::Atomic(body) => first(body),
        Node::Repeat { body, min: 1.., .. } => first(body),
        _ => None,
    }
}

fn anchored(node: &Node) -> bool {
    match node {
        Node::Anchor(anchor) => *anchor == Anchor::Start,
        Node::Sequence { parts, .. } => parts.first().is_some_and(anchored),
        Node::Group { body, .. } | Node::Atomic(body) => anchored(body),
        Node::Alternatives(branches) => branches.iter().all(anchored),
        _ => false,
    }
}
