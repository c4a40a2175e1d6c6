//! What to write instead, told from the text around a mistake: slips of the pen, other languages' habits, newer C#.
//!
//! Diagnostics without help flow in with their source, and get help where the slip is recognised. Advice that needs types
//! is given by the binder.

use crate::diagnostic::ExpressionDiagnostic;

/// Adds help to the diagnostics that have none.
pub fn complete(source: &str, diagnostics: &mut [ExpressionDiagnostic]) {
    for diagnostic in diagnostics {
        let place = Place::new(source, diagnostic);
        if let Some(help) = place.assignment().or_else(|| place.known_name()) {
            // Better than what follows from types, and than a name that happens to be close.
            diagnostic.help = Some(help.to_owned());
        } else if diagnostic.help.is_none() {
            diagnostic.help = place.help().map(str::to_owned).or_else(|| place.spelled());
        }
    }
}

/// A diagnostic within its source.
struct Place<'a> {
    code: &'a str,
    /// The source before it, without the white space at its end.
    before: &'a str,
    /// What it is about.
    own: &'a str,
    /// The source from its start on.
    at: &'a str,
    /// The source after it, without the white space at its start.
    after: &'a str,
}

impl<'a> Place<'a> {
    fn new(source: &'a str, diagnostic: &ExpressionDiagnostic) -> Self {
        let range = diagnostic.range.clone();
        let part = |from: usize, to: usize| source.get(from..to).unwrap_or_default();
        Self {
            code: diagnostic.code,
            before: part(0, range.start).trim_end(),
            own: part(range.start, range.end),
            at: part(range.start, source.len()).trim_start(),
            after: part(range.end, source.len()).trim_start(),
        }
    }

    fn help(&self) -> Option<&'static str> {
        match self.code {
            "CS1002" | "CS1003" | "CS1001" | "CS1026" | "CS1041" | "CS1056" | "CS1513"
            | "CS1514" | "CS1525" => self.newer_or_foreign().or_else(|| self.statement()),
            "CS0201" => self
                .ends_block()
                .then_some("write `return …;` if this is the result"),
            "CS0246" | "CS0103" => self.unknown(),
            "CS0200" => Some(if self.is_statement() {
                if self.own.starts_with("context.") {
                    "`context` is read-only in expressions: use the policy for it, such as `set-variable`, `set-header`, `set-status`"
                } else {
                    return None;
                }
            } else {
                "`=` assigns; write `==` to compare"
            }),
            "CS0131" => Some("`=` assigns; write `==` to compare"),
            "CS0126" => Some("write `return value;`"),
            _ => None,
        }
    }

    /// Help that repeats something of the source.
    fn spelled(&self) -> Option<String> {
        match self.code {
            "CS1012" | "CS1011" => {
                let inner = self.own.trim_matches('\'');
                let short = inner.len() <= 60 && !inner.contains(['"', '\\', '\n']);
                Some(if short {
                    format!("text stands in double quotes: `\"{inner}\"`")
                } else {
                    "text stands in double quotes".into()
                })
            }
            "CS1041" if self.before.ends_with('.') => {
                let mut letters = self.own.chars();
                let first = letters.next()?.to_ascii_uppercase();
                Some(format!("did you mean `{first}{}`?", letters.as_str()))
            }
            _ => None,
        }
    }

    /// Words and signs of other languages and of C# after 7.3.
    fn newer_or_foreign(&self) -> Option<&'static str> {
        let (last, next) = (last_word(self.before), first_word(self.at));
        if self.before.ends_with("is not") {
            return Some("`is not` is C# 9: write `!= null` or `!(x is T)`");
        }
        let help = match next {
            "or" | "OR" | "Or" => "write `||`; patterns with `or` are C# 9",
            "and" | "AND" | "And" => "write `&&`; patterns with `and` are C# 9",
            "switch" => {
                "`switch` expressions are C# 8: write `condition ? a : b`, or a `switch` statement in `@{ … }`"
            }
            "of" => "write `in`",
            "when" if last == "catch" => "write `catch (Exception e) when (…)`",
            "goto" => "`goto` is not part of policy expressions: use a loop or a local function",
            "class" | "struct" | "enum" | "interface" => {
                "expressions cannot declare types: use an anonymous object `new { … }`, a tuple or a `JObject`"
            }
            "return" if self.code == "CS1525" => {
                "statements stand in `@{ … }`, one expression without `return` in `@(…)`"
            }
            _ => "",
        };
        if !help.is_empty() {
            return Some(help);
        }
        let help = match last {
            "or" | "OR" => "write `||`; patterns with `or` are C# 9",
            "and" | "AND" => "write `&&`; patterns with `and` are C# 9",
            "not" | "NOT" => "write `!`",
            "await" | "async" => {
                "expressions run without tasks: leave out `await` and `async`; `As<T>()` gives the body at once"
            }
            "yield" => {
                "iterators are not part of policy expressions: fill a `List<T>` and return it"
            }
            "using" if !self.at.starts_with('(') => {
                if next == "var" {
                    "using declarations are C# 8: write `using (var x = …) { … }`"
                } else {
                    "leave it out: the namespaces of expressions are in scope"
                }
            }
            "is" if self.at.starts_with(['<', '>']) => {
                "patterns such as `is > 0` are C# 9: write `x > 0`"
            }
            "const" | "var" if self.at.starts_with('=') => "write `const int name = …;`",
            "if" | "while" if self.code == "CS1003" => "the condition stands in parentheses",
            "new" if self.at.starts_with(['(', ')']) => {
                "`new()` is C# 9: write the type, `new T()`"
            }
            _ => "",
        };
        if !help.is_empty() {
            return Some(help);
        }
        self.signs()
    }

    fn signs(&self) -> Option<&'static str> {
        let (before, at) = (self.before, self.at);
        let help = if at.starts_with('=') && self.code == "CS1001" {
            "write the type: `const int name = …;`"
        } else if at.starts_with('=') && (before.ends_with("==") || before.ends_with("!=")) {
            "write `==` or `!=`"
        } else if at.starts_with('>') && before.ends_with('<') {
            "write `!=`"
        } else if at.starts_with("->") {
            "a lambda is written `x => …`"
        } else if at.starts_with('^') && before.ends_with('[') {
            "indices from the end are C# 8: write `x[x.Length - 1]` or `x.Last()`"
        } else if at.starts_with("..")
            || before.ends_with("..")
            || at.starts_with('.') && before.ends_with('[')
        {
            "ranges are C# 8: use `Substring(start, length)`, or `Skip` and `Take`"
        } else if at.starts_with('!') {
            "`!` after a value is C# 8: leave it out"
        } else if before.ends_with("\"\"") && at.starts_with('"') {
            "raw text is C# 11: write `@\"…\"`, with `\"\"` for a quote"
        } else if at.starts_with('`') || at.starts_with("$'") {
            "text stands in double quotes; `$\"…{x}…\"` inserts values"
        } else if at.starts_with('{') && self.code == "CS1525" {
            "an object is made with `new JObject { [\"name\"] = value }` or `new { name = value }`"
        } else if at.starts_with('[') && self.code == "CS1525" {
            "an array is made with `new[] { … }` or `new JArray(…)`"
        } else if at.starts_with(':') && before.contains('{') && self.code == "CS1513" {
            "members are set with `name = value`"
        } else if at.starts_with(':') && before.ends_with('?') {
            "write `a ?? b`, or `condition ? a : b`"
        } else if at.starts_with("in") && self.code == "CS1041" {
            "write `foreach (var x in …)`"
        } else {
            return None;
        };
        Some(help)
    }

    /// A last statement without `return` or semicolon.
    fn statement(&self) -> Option<&'static str> {
        if self.code != "CS1002" || !self.ends_block() {
            return None;
        }
        let start = self.before.rfind([';', '{', '}']).map_or(0, |at| at + 1);
        let own = self.before.get(start..).unwrap_or_default().trim_start();
        let word = first_word(own);
        let plain = !matches!(word, "return" | "throw" | "var" | "break" | "continue")
            && !own.contains(" = ");
        Some(if plain {
            "write `return …;` if this is the result"
        } else {
            "end the statement with `;`"
        })
    }

    /// `=` where `==` was meant: an assignment that is no condition, or one after an operand.
    fn assignment(&self) -> Option<&'static str> {
        let slipped = match self.code {
            "CS0029" => assigns(self.own),
            "CS0019" => assigns(self.after),
            _ => false,
        };
        slipped.then_some("`=` assigns; write `==` to compare")
    }

    /// Names that are no part of expressions and that authors expect there.
    fn known_name(&self) -> Option<&'static str> {
        if !matches!(self.code, "CS0103" | "CS0234" | "CS0246") {
            return None;
        }
        let name = self.own.rsplit('.').next().unwrap_or_default();
        let help = match name {
            "Environment"
            | "Process"
            | "File"
            | "Directory"
            | "Path"
            | "FileStream"
            | "StreamReader"
            | "StreamWriter"
            | "Assembly"
            | "Activator"
            | "AppDomain"
            | "ConfigurationManager"
            | "Registry" => {
                "expressions have no access to files, environment, processes or reflection; pass values in as named values"
            }
            "HttpClient" | "WebClient" | "WebRequest" | "HttpWebRequest" | "Dns" | "Socket"
            | "HttpRequestMessage" => {
                "expressions cannot call out: use the policy `send-request` and read its response from `context.Variables`"
            }
            "Task" | "Thread" | "Timer" | "Parallel" => {
                "expressions run without tasks and threads; the policy `wait` and others run things side by side"
            }
            "Console" | "Debug" | "Debugger" | "Logger" | "console" => {
                "write to the trace with `context.Trace(\"…\")` or the policy `trace`"
            }
            "JsonSerializer" | "JsonDocument" | "JsonNode" | "Json" | "JSON" => {
                "use Json.NET: `JObject.Parse(…)`, `JsonConvert.SerializeObject(…)`"
            }
            "undefined" | "nil" | "None" | "NULL" | "Null" => "write `null`",
            "True" | "TRUE" => "write `true`",
            "False" | "FALSE" => "write `false`",
            "let" | "def" | "auto" | "val" => "write `var`",
            "function" | "func" | "fn" => {
                "a local function starts with its result's type: `int F(int x) { … }`"
            }
            "parseInt" => "write `int.Parse(…)`",
            "request" | "req" => "write `context.Request`",
            "response" | "res" => "write `context.Response`",
            "variables" | "Variables" => "write `context.Variables`",
            _ => return None,
        };
        Some(help)
    }

    fn unknown(&self) -> Option<&'static str> {
        if self.code == "CS0246"
            && last_word(self.before.trim_end_matches('(').trim_end()) == "catch"
        {
            return Some("write `catch (Exception e)`");
        }
        if self.code != "CS0103" {
            return None;
        }
        if last_word(self.before) == "out" {
            Some("declare it here: `out var name`")
        } else if assigns(self.after) {
            Some("declare it first: `var name = …;`")
        } else if in_sequence_call(self.before) {
            Some("write a lambda: `x => …`")
        } else {
            None
        }
    }

    /// Whether only the end of the block follows.
    fn ends_block(&self) -> bool {
        let rest = self.after.trim_start_matches([';', '}']).trim();
        (rest.is_empty() || rest == "}") && self.after.contains('}')
    }

    /// Whether it starts a statement.
    fn is_statement(&self) -> bool {
        self.before.ends_with([';', '{', '}'])
    }
}

/// Whether a single `=` stands at the start, or between two operands.
fn assigns(text: &str) -> bool {
    let mut quoted = false;
    let mut previous = ' ';
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            '"' if previous != '\\' => quoted = !quoted,
            '=' if !quoted => {
                let single = !matches!(previous, '=' | '!' | '<' | '>' | '+' | '-' | '*' | '/')
                    && !matches!(chars.peek(), Some('=' | '>'));
                return single;
            }
            ';' | '{' | '(' | ')' | '}' if !quoted => return false,
            _ if first && !c.is_whitespace() && !c.is_alphanumeric() => return false,
            _ => {}
        }
        first = false;
        previous = c;
    }
    false
}

/// Whether the text ends within the arguments of a LINQ method, right after the parenthesis.
fn in_sequence_call(before: &str) -> bool {
    before.strip_suffix('(').is_some_and(|callee| {
        matches!(
            last_word(callee),
            "Where"
                | "Select"
                | "Any"
                | "All"
                | "First"
                | "FirstOrDefault"
                | "Single"
                | "Count"
                | "OrderBy"
                | "Sum"
        )
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn last_word(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_word(*c))
        .last()
        .map_or(text.len(), |(at, _)| at);
    text.get(start..).unwrap_or_default()
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}
