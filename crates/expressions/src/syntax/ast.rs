//! The syntax tree. Every node carries its span in the source; nothing is resolved.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::types::DefId;
use crate::value::{Const, Str};

/// An identifier and where it stands.
#[derive(Debug, Clone)]
pub struct Ident {
    /// Its text.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// A whole policy expression.
#[derive(Debug)]
pub enum Source {
    /// `@(expression)`
    Expression(Expr),
    /// `@{ statements }`, with the span of the closing brace.
    Block(Vec<Stmt>, Span),
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: Box<ExprKind>,
    /// Where it stands.
    pub span: Span,
}

/// How a name begins that is looked for from the outermost namespace on.
pub const GLOBAL: &str = "global::";

/// A name with type arguments: `M<T>`.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Name {
    pub ident: Ident,
    pub args: Vec<TypeSyntax>,
}

/// An argument of a call.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Arg {
    pub name: Option<Ident>,
    pub pass: Pass,
    pub value: Expr,
}

/// `out`, `ref` or neither before an argument or parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Pass {
    Value,
    Out,
    Ref,
    /// Of parameters only.
    Params,
}

/// See [`Expr`].
#[derive(Debug, Clone)]
#[allow(missing_docs)] // named after the C# grammar
pub enum ExprKind {
    Literal(Const),
    Interpolated(Vec<Piece>),
    Name(Name),
    /// A predefined type as the target of a member access: `int` of `int.Parse`.
    Predefined(DefId),
    Member(Expr, Name),
    /// `target?.rest`: `rest` contains [`ExprKind::Receiver`] where the target's value goes.
    ConditionalAccess(Expr, Expr),
    Receiver,
    Index(Expr, Vec<Arg>),
    Call(Expr, Vec<Arg>),
    New(TypeSyntax, Vec<Arg>, Option<Initializer>),
    NewAnonymous(Vec<(Option<Ident>, Expr)>),
    NewArray {
        /// `None` for `new[]`.
        element: Option<TypeSyntax>,
        sizes: Vec<Expr>,
        rank: u8,
        init: Option<Vec<Expr>>,
    },
    /// `{ a, b }` where an array is expected.
    ArrayInit(Vec<Expr>),
    TypeOf(TypeSyntax),
    Default(Option<TypeSyntax>),
    NameOf(Expr),
    SizeOf(TypeSyntax),
    Checked(bool, Expr),
    Unary(UnaryOp, Expr),
    /// `++`/`--`: increment?, prefix?
    Step {
        up: bool,
        prefix: bool,
        target: Expr,
    },
    Cast(TypeSyntax, Expr),
    Binary(BinaryOp, Expr, Expr),
    Is(Expr, Pattern),
    As(Expr, TypeSyntax),
    Conditional(Expr, Expr, Expr),
    Assign(Option<BinaryOp>, Expr, Expr),
    Lambda(Lambda),
    Tuple(Vec<(Option<Ident>, Expr)>),
    /// `var x`, `int x`, `_` as an `out` argument or inside a deconstruction.
    Declaration(TypeSyntax, Designation),
    Throw(Expr),
    /// What could not be read; reported already.
    Error,
}

/// A part of an interpolated string.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Piece {
    Text(Str),
    Hole {
        value: Expr,
        align: Option<Expr>,
        format: Option<Str>,
    },
}

/// What follows `new T(…)` in braces.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Initializer {
    /// `{ A = 1, ["k"] = 2 }`
    Object(Vec<(InitTarget, InitValue)>),
    /// `{ a, b }` or `{ { k, v }, … }`
    Collection(Vec<Vec<Expr>>),
}

/// Left side of an object initialiser's element.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum InitTarget {
    Member(Ident),
    Index(Vec<Arg>, Span),
}

/// Right side of an object initialiser's element.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum InitValue {
    Value(Expr),
    /// `A = { … }`: initialises the object that the member holds.
    Nested(Initializer),
}

/// A lambda or anonymous method.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Lambda {
    /// `None` for `delegate { … }`, which fits any parameters.
    pub parameters: Option<Vec<LambdaParameter>>,
    pub body: Arc<LambdaBody>,
}

/// A lambda's parameter.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct LambdaParameter {
    pub ident: Ident,
    pub ty: Option<TypeSyntax>,
    pub pass: Pass,
    /// Range variables of a query that this parameter carries in its properties: name and path.
    pub carried: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// A lambda's body.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum LambdaBody {
    Expression(Expr),
    Block(Vec<Stmt>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Plus,
    Minus,
    Not,
    Complement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Xor,
    Or,
    AndAlso,
    OrElse,
    Coalesce,
}

impl BinaryOp {
    /// The operator as written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessEqual => "<=",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "&",
            Self::Xor => "^",
            Self::Or => "|",
            Self::AndAlso => "&&",
            Self::OrElse => "||",
            Self::Coalesce => "??",
        }
    }
}

/// A type as written.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct TypeSyntax {
    pub kind: Box<TypeKind>,
    pub span: Span,
}

#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum TypeKind {
    /// A type argument left open, as in `typeof(List<>)`.
    Open,
    Predefined(DefId),
    Void,
    /// `A.B<C>`
    Path(Vec<Name>),
    Nullable(TypeSyntax),
    Array(TypeSyntax, u8),
    Tuple(Vec<(TypeSyntax, Option<Ident>)>),
}

impl TypeSyntax {
    /// Whether this is the single word `name` (`var`, `dynamic`, `_`).
    #[must_use]
    pub fn is_word(&self, name: &str) -> bool {
        matches!(&*self.kind, TypeKind::Path(path)
            if matches!(path.as_slice(), [only] if &*only.ident.name == name && only.args.is_empty()))
    }
}

/// What a declaration introduces.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Designation {
    Name(Ident),
    Discard(Span),
    /// `var (a, b)`
    Tuple(Vec<Designation>, Span),
}

#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Pattern {
    /// `T x`
    Declaration(TypeSyntax, Designation),
    /// `var x`
    Var(Designation),
    /// A name that is a type or a constant, or surely a type.
    Type(TypeSyntax),
    Constant(Expr),
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Stmt {
    /// What it is.
    pub kind: Box<StmtKind>,
    /// Where it stands.
    pub span: Span,
}

#[derive(Debug, Clone)]
#[allow(missing_docs)] // named after the C# grammar
pub enum StmtKind {
    Empty,
    Block(Vec<Stmt>),
    Local {
        ty: TypeSyntax,
        names: Vec<(Ident, Option<Expr>)>,
        constant: bool,
    },
    Function(Arc<Function>),
    Expr(Expr),
    If(Expr, Stmt, Option<Stmt>),
    While(Expr, Stmt),
    Do(Stmt, Expr),
    For {
        init: Vec<Stmt>,
        condition: Option<Expr>,
        step: Vec<Expr>,
        body: Stmt,
    },
    ForEach {
        ty: TypeSyntax,
        target: Designation,
        /// `foreach ((int a, var b) in …)`: a tuple of declarations instead of type and name.
        pattern: Option<Expr>,
        source: Expr,
        body: Stmt,
    },
    Switch(Expr, Vec<SwitchSection>),
    /// `goto case value`, or `goto default`.
    Goto(Option<Expr>),
    Break,
    Continue,
    Return(Option<Expr>),
    Throw(Option<Expr>),
    Try {
        body: Vec<Stmt>,
        catches: Vec<Catch>,
        finally: Option<Vec<Stmt>>,
    },
    Using(UsingResource, Stmt),
    Checked(bool, Vec<Stmt>),
    Lock(Expr, Stmt),
}

#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum UsingResource {
    Declaration(Stmt),
    Expr(Expr),
}

#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct SwitchSection {
    pub labels: Vec<SwitchLabel>,
    pub body: Vec<Stmt>,
    pub span: Span,
}

#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct SwitchLabel {
    /// `None` for `default`.
    pub pattern: Option<Pattern>,
    pub when: Option<Expr>,
    pub span: Span,
}

#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Catch {
    pub ty: Option<TypeSyntax>,
    pub name: Option<Ident>,
    pub filter: Option<Expr>,
    pub body: Vec<Stmt>,
    pub span: Span,
}

/// A local function.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Function {
    pub result: TypeSyntax,
    pub name: Ident,
    pub generics: Vec<Ident>,
    pub parameters: Vec<FunctionParameter>,
    pub body: LambdaBody,
}

#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct FunctionParameter {
    pub ty: TypeSyntax,
    pub name: Ident,
    pub pass: Pass,
    pub default: Option<Expr>,
}
