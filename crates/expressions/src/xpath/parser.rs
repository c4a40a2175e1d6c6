//! Tokens to an expression, by the grammar of XPath 1.0.

use super::ast::{Arithmetic, Axis, Comparison, Expr, Function, Start, Step, Test};
use super::error;
use super::lexer::{Token, tokens};
use crate::runtime::R;

/// Deepest nesting of parentheses, predicates and arguments.
const MAX_DEPTH: usize = 200;
/// Most operators of one expression: chains of them nest.
const MAX_OPERATORS: usize = 1_000;

pub(super) fn parse(text: &str) -> R<Expr> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        operators: 0,
    };
    let expr = parser.expression()?;
    if parser.at < parser.tokens.len() {
        return parser.invalid();
    }
    Ok(expr)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    operators: usize,
}

/// Operators by name, which are names where an operand is expected.
fn operator_name(token: Option<&Token>) -> Option<&str> {
    match token {
        Some(Token::Name {
            prefix,
            local,
            variable: false,
        }) if prefix.is_empty() => Some(local),
        _ => None,
    }
}

impl Parser<'_> {
    fn invalid<T>(&self) -> R<T> {
        Err(error(format!("'{}' has an invalid token.", self.text)))
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, mark: &str) -> bool {
        matches!(self.peek(), Some(Token::Mark(found)) if *found == mark)
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = self.is(mark);
        self.at += usize::from(found);
        found
    }

    /// Counts an operator.
    fn operator(&mut self) -> R<()> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(error("The XPath query is too complex."));
        }
        Ok(())
    }

    fn expect(&mut self, mark: &str) -> R<()> {
        if self.take(mark) {
            Ok(())
        } else {
            self.invalid()
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = operator_name(self.peek()) == Some(word);
        self.at += usize::from(found);
        found
    }

    fn expression(&mut self) -> R<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error("The XPath query is too complex."));
        }
        let expr = self.or();
        self.depth -= 1;
        expr
    }

    fn or(&mut self) -> R<Expr> {
        let mut left = self.and()?;
        while self.take_word("or") {
            self.operator()?;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> R<Expr> {
        let mut left = self.equality()?;
        while self.take_word("and") {
            self.operator()?;
            left = Expr::And(Box::new(left), Box::new(self.equality()?));
        }
        Ok(left)
    }

    fn equality(&mut self) -> R<Expr> {
        let mut left = self.relation()?;
        loop {
            let comparison = if self.take("=") {
                Comparison::Equal
            } else if self.take("!=") {
                Comparison::NotEqual
            } else {
                return Ok(left);
            };
            self.operator()?;
            left = Expr::Compare(comparison, Box::new(left), Box::new(self.relation()?));
        }
    }

    fn relation(&mut self) -> R<Expr> {
        let mut left = self.sum()?;
        loop {
            let comparison = if self.take("<=") {
                Comparison::LessOrEqual
            } else if self.take(">=") {
                Comparison::GreaterOrEqual
            } else if self.take("<") {
                Comparison::Less
            } else if self.take(">") {
                Comparison::Greater
            } else {
                return Ok(left);
            };
            self.operator()?;
            left = Expr::Compare(comparison, Box::new(left), Box::new(self.sum()?));
        }
    }

    fn sum(&mut self) -> R<Expr> {
        let mut left = self.product()?;
        loop {
            let operator = if self.take("+") {
                Arithmetic::Add
            } else if self.take("-") {
                Arithmetic::Subtract
            } else {
                return Ok(left);
            };
            self.operator()?;
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> R<Expr> {
        let mut left = self.unary()?;
        loop {
            let operator = if self.take_word("*") {
                Arithmetic::Multiply
            } else if self.take_word("div") {
                Arithmetic::Divide
            } else if self.take_word("mod") {
                Arithmetic::Modulo
            } else {
                return Ok(left);
            };
            self.operator()?;
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> R<Expr> {
        let mut negative = false;
        let mut signs = 0_usize;
        while self.take("-") {
            negative = !negative;
            signs += 1;
        }
        let operand = self.union()?;
        Ok(match (signs, negative) {
            (0, _) => operand,
            (_, true) => Expr::Negate(Box::new(operand)),
            // Two signs still make a number of it.
            (_, false) => Expr::Negate(Box::new(Expr::Negate(Box::new(operand)))),
        })
    }

    fn union(&mut self) -> R<Expr> {
        let mut left = self.path()?;
        while self.take("|") {
            self.operator()?;
            let right = self.path()?;
            if !left.gives_nodes() || !right.gives_nodes() {
                return Err(error("Expression must evaluate to a node-set."));
            }
            left = Expr::Union(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// Whether a primary expression begins here rather than a step.
    fn is_primary(&self) -> bool {
        match self.peek() {
            Some(Token::Mark("(") | Token::Number(_) | Token::Text(_)) => true,
            Some(Token::Name { variable: true, .. }) => true,
            Some(Token::Name { prefix, local, .. }) => {
                matches!(self.tokens.get(self.at + 1), Some(Token::Mark("(")))
                    && !(prefix.is_empty()
                        && matches!(
                            local.as_str(),
                            "node" | "text" | "comment" | "processing-instruction"
                        ))
            }
            _ => false,
        }
    }

    fn path(&mut self) -> R<Expr> {
        if self.is_primary() {
            let primary = self.primary()?;
            let mut predicates = Vec::new();
            while self.is("[") {
                predicates.push(self.predicate()?);
            }
            let follows = self.is("/") || self.is("//");
            if predicates.is_empty() && !follows {
                return Ok(primary);
            }
            if !primary.gives_nodes() {
                return Err(error("Expression must evaluate to a node-set."));
            }
            let mut steps = Vec::new();
            self.more_steps(&mut steps)?;
            return Ok(Expr::Path {
                start: Start::Filter(Box::new(primary), predicates),
                steps,
            });
        }
        let mut steps = Vec::new();
        let start = if self.is("//") {
            self.more_steps(&mut steps)?;
            Start::Root
        } else if self.take("/") {
            if self.is_step() {
                steps.push(self.step()?);
                self.more_steps(&mut steps)?;
            }
            Start::Root
        } else {
            steps.push(self.step()?);
            self.more_steps(&mut steps)?;
            Start::Here
        };
        Ok(Expr::Path { start, steps })
    }

    fn is_step(&self) -> bool {
        matches!(
            self.peek(),
            Some(
                Token::Mark("." | ".." | "@")
                    | Token::Name {
                        variable: false,
                        ..
                    }
            )
        )
    }

    fn more_steps(&mut self, steps: &mut Vec<Step>) -> R<()> {
        loop {
            if self.take("//") {
                steps.push(Step {
                    axis: Axis::DescendantOrSelf,
                    test: Test::Node,
                    predicates: Vec::new(),
                });
            } else if !self.take("/") {
                return Ok(());
            }
            steps.push(self.step()?);
        }
    }

    fn step(&mut self) -> R<Step> {
        let short = if self.take("..") {
            Some(Axis::Parent)
        } else if self.take(".") {
            Some(Axis::OneSelf)
        } else {
            None
        };
        if let Some(axis) = short {
            return Ok(Step {
                axis,
                test: Test::Node,
                predicates: Vec::new(),
            });
        }
        let axis = if self.take("@") {
            Axis::Attribute
        } else if matches!(self.tokens.get(self.at + 1), Some(Token::Mark("::"))) {
            match operator_name(self.peek()).and_then(Axis::by_name) {
                Some(axis) => {
                    self.at += 2;
                    axis
                }
                None => return self.invalid(),
            }
        } else {
            Axis::Child
        };
        let test = self.test()?;
        let mut predicates = Vec::new();
        while self.is("[") {
            predicates.push(self.predicate()?);
        }
        Ok(Step {
            axis,
            test,
            predicates,
        })
    }

    fn test(&mut self) -> R<Test> {
        let Some(Token::Name {
            prefix,
            local,
            variable: false,
        }) = self.peek().cloned()
        else {
            return Err(error("Expression must evaluate to a node-set."));
        };
        self.at += 1;
        if self.is("(") && prefix.is_empty() {
            self.at += 1;
            let test = match local.as_str() {
                "node" => Test::Node,
                "text" => Test::Text,
                "comment" => Test::Comment,
                "processing-instruction" => match self.peek().cloned() {
                    Some(Token::Text(target)) => {
                        self.at += 1;
                        Test::Instruction(Some(target))
                    }
                    _ => Test::Instruction(None),
                },
                _ => return self.invalid(),
            };
            self.expect(")")?;
            return Ok(test);
        }
        Ok(match (prefix.is_empty(), local.as_str()) {
            (true, "*") => Test::Any,
            (false, "*") => Test::Namespace(prefix),
            _ => Test::Name(prefix, local),
        })
    }

    fn predicate(&mut self) -> R<Expr> {
        self.expect("[")?;
        let predicate = self.expression()?;
        self.expect("]")?;
        Ok(predicate)
    }

    fn primary(&mut self) -> R<Expr> {
        let Some(token) = self.peek().cloned() else {
            return self.invalid();
        };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Text(text) => Ok(Expr::Text(text)),
            Token::Mark("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Name {
                prefix,
                local,
                variable,
            } => {
                let arguments = if variable {
                    Vec::new()
                } else {
                    self.arguments()?
                };
                self.named(prefix, local, variable, arguments)
            }
            Token::Mark(_) | Token::Unknown => {
                self.at -= 1;
                self.invalid()
            }
        }
    }

    fn arguments(&mut self) -> R<Vec<Expr>> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.take(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    fn named(
        &self,
        prefix: String,
        local: String,
        variable: bool,
        arguments: Vec<Expr>,
    ) -> R<Expr> {
        let known = if prefix.is_empty() && !variable {
            Function::by_name(&local)
        } else {
            None
        };
        let Some((function, least, most)) = known else {
            let prefixed = !prefix.is_empty();
            let name = if prefixed {
                format!("{prefix}:{local}")
            } else {
                local
            };
            return Ok(Expr::Undefined {
                name,
                prefixed,
                variable,
            });
        };
        if arguments.len() < least || arguments.len() > most {
            return Err(error(format!(
                "Function '{local}' in '{}' has an invalid number of arguments.",
                self.text
            )));
        }
        if function.takes_nodes() && arguments.first().is_some_and(|first| !first.gives_nodes()) {
            return Err(error(format!(
                "The argument to function '{local}' in '{}' cannot be converted to a node-set.",
                self.text
            )));
        }
        Ok(Expr::Call(function, arguments))
    }
}
