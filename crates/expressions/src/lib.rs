//! C# policy expressions: lexer, parser, checker, compiler, values and the .NET library

pub mod clr;
