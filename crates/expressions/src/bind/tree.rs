//! The bound tree: every name resolved, every conversion explicit, every type known. The compiler turns it into code.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::syntax::ast::BinaryOp;
use crate::types::relations::{Conversion, Num};
use crate::types::{Member, PassBy, Type};
use crate::value::{Const, Str};

/// Number of a local variable of the whole expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub usize);

/// Number of a function: 0 is the expression itself, the others are lambdas and local functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuncId(pub usize);

/// A local variable or parameter.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Var {
    pub name: Arc<str>,
    pub ty: Type,
    pub owner: FuncId,
    /// A lambda or local function uses it.
    pub captured: bool,
    pub span: Span,
    pub read_only: Option<ReadOnly>,
    pub used: bool,
    /// A declaration of the author's that is worth a remark when nothing reads it.
    pub declared: bool,
    /// What was assigned so far.
    pub written: Written,
    /// Made by the binder, not written by the author.
    pub hidden: bool,
}

/// What a variable was assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Written {
    Nothing,
    Constants,
    /// Something that is evaluated, and may be there for its effect.
    Values,
}

/// Why a variable cannot be assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ReadOnly {
    ForEach,
    Using,
}

/// A function.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Func {
    pub parent: Option<FuncId>,
    /// Variables of enclosing functions that it uses, in order of first use.
    pub captures: Vec<VarId>,
    /// Local functions it refers to.
    pub calls: Vec<FuncId>,
}

/// A bound expression.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Expr {
    pub ty: Type,
    pub span: Span,
    pub kind: Box<Kind>,
}

/// A call argument that the callee writes back to.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct WriteBack {
    /// Position of the argument.
    pub arg: usize,
    /// Holds the written value while `assign` runs.
    pub temp: VarId,
    pub assign: Expr,
}

/// See [`Expr`].
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Kind {
    Const(Const),
    Context,
    Local(VarId),
    /// Assigns and gives the assigned value.
    SetLocal(VarId, Expr),
    Convert(Expr, Conversion, bool),
    Negate(Num, Expr, bool),
    Complement(Expr),
    Not(Expr),
    /// Arithmetic of two operands of one numeric type; the last field is "checked".
    Arith(BinaryOp, Num, Expr, Expr, bool),
    /// Comparison of two operands of one numeric type.
    Compare(BinaryOp, Num, Expr, Expr),
    /// `& | ^ == !=` of two `bool`.
    Logic(BinaryOp, Expr, Expr),
    /// `& |` of two `bool?`.
    LiftedLogic(BinaryOp, Expr, Expr),
    /// `==` (false) or `!=` (true) of strings.
    EqualText(bool, Expr, Expr),
    /// By reference.
    EqualReference(bool, Expr, Expr),
    /// By value: enumerations, user-defined types without operators, nullables.
    EqualValue(bool, Expr, Expr),
    /// Both operands into temporaries; null when one is null, else the inner expression. Comparisons give `false`.
    Lifted {
        left: (VarId, Expr),
        right: (VarId, Expr),
        inner: Expr,
        comparison: bool,
    },
    /// The same for one operand.
    LiftedUnary {
        operand: (VarId, Expr),
        inner: Expr,
    },
    Concat(Vec<Expr>),
    Interpolate(Vec<Piece>),
    /// The same as a `FormattableString`.
    Formattable(Vec<Piece>),
    AndAlso(Expr, Expr),
    OrElse(Expr, Expr),
    Conditional(Expr, Expr, Expr),
    /// `value ?? other`; `then` converts the value, which lies in the temporary.
    Coalesce {
        value: Expr,
        temp: VarId,
        then: Expr,
        other: Expr,
    },
    /// `target?.then`
    NullConditional {
        target: Expr,
        temp: VarId,
        then: Expr,
    },
    Is(Expr, Pattern),
    As(Expr, Type),
    Call {
        member: &'static Member,
        types: Arc<[Type]>,
        args: Vec<Expr>,
        write_back: Vec<WriteBack>,
        set: bool,
    },
    Invoke {
        target: Expr,
        args: Vec<Expr>,
        write_back: Vec<WriteBack>,
    },
    CallFunction {
        function: FuncId,
        args: Vec<Expr>,
        write_back: Vec<WriteBack>,
    },
    Lambda(FuncId),
    /// A local function as a delegate.
    FunctionDelegate(FuncId),
    MemberDelegate {
        member: &'static Member,
        types: Arc<[Type]>,
        receiver: Option<Expr>,
    },
    NewArray(Type, Vec<Expr>),
    ArrayLiteral(Type, Vec<Expr>),
    /// Rows of a two-dimensional array.
    GridLiteral(Type, Vec<Vec<Expr>>),
    ArrayGet(Expr, Vec<Expr>),
    ArraySet(Expr, Vec<Expr>, Expr),
    NewRecord(Type, Vec<Expr>),
    RecordGet(Expr, usize),
    /// A copy of the record with one field replaced.
    RecordWith(Expr, usize, Expr),
    /// The expressions for their effects, then the value.
    Sequence(Vec<Expr>, Expr),
    Throw(Expr),
    TypeOf(Type),
    DefaultOf(Type),
    DynamicGet(Expr, Arc<str>),
    DynamicSet(Expr, Arc<str>, Expr),
    DynamicIndex(Expr, Vec<Expr>),
    DynamicSetIndex(Expr, Vec<Expr>, Expr),
    DynamicCall(Expr, Arc<str>, Vec<Expr>),
    DynamicInvoke(Expr, Vec<Expr>),
    DynamicUnary(DynamicUnary, Expr),
    DynamicBinary(BinaryOp, Expr, Expr),
    /// A static or instance method chosen at run time because an argument is dynamic.
    DynamicOverload {
        receiver: Option<Expr>,
        candidates: Arc<Vec<(&'static Member, Vec<Type>)>>,
        args: Vec<Expr>,
        name: Arc<str>,
    },
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DynamicUnary {
    Not,
    Negate,
    Complement,
}

/// A part of an interpolated string.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Piece {
    Text(Str),
    Hole {
        value: Expr,
        align: i32,
        format: Option<Str>,
    },
}

impl Piece {
    /// The text of pieces without a hole.
    #[must_use]
    pub fn plain(pieces: &[Self]) -> Option<Str> {
        match pieces {
            [] => Some(Str::EMPTY),
            [Self::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }
}

/// A pattern.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Pattern {
    Type(Type, Option<VarId>),
    /// Equal to the constant in type and value.
    Constant(Const),
    Var(Option<VarId>),
}

/// A bound statement.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Stmt {
    Nop,
    Expr(Expr),
    Declare(VarId, Option<Expr>),
    Block(Vec<Stmt>),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    While(Expr, Box<Stmt>),
    Do(Box<Stmt>, Expr),
    For {
        init: Vec<Stmt>,
        condition: Option<Expr>,
        step: Vec<Expr>,
        body: Box<Stmt>,
        /// Where it stands.
        at: u32,
    },
    ForEach {
        source: Expr,
        /// Holds the element; fresh for each iteration.
        var: VarId,
        /// The element as the variable's type, read from `raw`.
        raw: VarId,
        convert: Expr,
        /// Runs before the body: deconstruction.
        before: Vec<Stmt>,
        body: Box<Stmt>,
    },
    Switch {
        value: Expr,
        temp: VarId,
        sections: Vec<Section>,
        default: Option<usize>,
        /// The value can lead to `default`; otherwise only a `goto` does.
        default_can_match: bool,
        /// Each value leads to some section.
        complete: bool,
        /// Sections that the `goto`s in them lead to, by the number of the [`Stmt::Goto`].
        gotos: Vec<usize>,
    },
    /// `goto case` or `goto default` of the innermost switch.
    Goto(usize),
    Break,
    Continue,
    Return(Option<Expr>),
    Throw(Option<Expr>),
    Try {
        body: Vec<Stmt>,
        catches: Vec<Catch>,
        finally: Option<Vec<Stmt>>,
    },
}

/// A `switch` section.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Section {
    pub labels: Vec<Label>,
    pub body: Vec<Stmt>,
}

/// A `case` of a switch.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Label {
    pub pattern: Pattern,
    pub when: Option<Expr>,
    /// The value can lead here; otherwise only a `goto` does.
    pub can_match: bool,
}

/// A `catch` clause.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Catch {
    pub ty: Option<Type>,
    pub var: Option<VarId>,
    pub filter: Option<Expr>,
    pub body: Vec<Stmt>,
}

/// The body of a bound function.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Body {
    pub parameters: Vec<(VarId, PassBy)>,
    pub statements: Vec<Stmt>,
}

impl Expr {
    /// Whether it is `context.User`.
    #[must_use]
    pub fn is_user(&self) -> bool {
        matches!(&*self.kind, Kind::Call { member, args, .. }
            if &*member.name == "User"
                && args.first().is_some_and(|of| matches!(&*of.kind, Kind::Context)))
    }

    /// An expression.
    #[must_use]
    pub fn new(kind: Kind, ty: Type, span: Span) -> Self {
        Self {
            ty,
            span,
            kind: Box::new(kind),
        }
    }

    /// What stands for an expression that was reported as wrong.
    #[must_use]
    pub fn error(span: Span) -> Self {
        Self::new(Kind::Error, Type::Error, span)
    }

    /// The constant it is, if it is one.
    #[must_use]
    pub fn constant(&self) -> Option<&Const> {
        match &*self.kind {
            Kind::Const(value) => Some(value),
            _ => None,
        }
    }

    /// Whether this is the literal `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.ty == Type::Null
    }
}
