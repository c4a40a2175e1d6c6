//! `tidegate eval`: evaluates policy expressions without a gateway.
//!
//! An expression, a file of expressions or typed lines flow in, results flow out: one line each on stdout, everything
//! that explains it on stderr. Each evaluation starts from the context file as it was read, so no expression sees what
//! another one changed. Nothing is ever sent anywhere.

mod complete;
mod context;
mod host;
mod repl;

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tidegate_expressions::notation::{self, Outcome};
use tidegate_expressions::{ExpressionDiagnostic, Options, Severity};
use tidegate_policy_xml::diagnostic::{Diagnostic, SourceFile};

use self::context::ContextFile;
use self::host::FileHost;

/// Arguments of `tidegate eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    tidegate eval '@(1 + 2)'\n  \
    tidegate eval --context context.json '@(context.Request.Headers.GetValueOrDefault(\"x-tenant\", \"none\"))'\n  \
    tidegate eval --strict '@{ var o = new JObject(); o[\"a\"] = 1; return o; }'\n  \
    tidegate eval --cases cases.tsv\n  \
    tidegate eval --interactive\n\n\
    A result is printed as type, tab, text. An exception is printed as `throws TypeName`, its message on stderr. An\n\
    expression that does not compile is printed as `compile CODE`, what is wrong with it on stderr.\n\n\
    Context file, every member optional:\n  \
    {\"request\": {\"method\", \"url\", \"originalUrl\", \"headers\": {\"Name\": [\"value\"]}, \"body\": \"text\", \"ipAddress\",\n  \
    \"matchedParameters\": {}}, \"response\": {\"statusCode\", \"reason\", \"headers\", \"body\"}, \"variables\": {},\n  \
    \"subscription\": {\"id\", \"name\", \"key\", \"primaryKey\", \"secondaryKey\", \"createdDate\"},\n  \
    \"product\": {\"id\", \"name\", \"groups\": [\"name\"]},\n  \
    \"api\": {\"id\", \"name\", \"path\", \"serviceUrl\", \"version\", \"revision\"},\n  \
    \"operation\": {\"id\", \"name\", \"method\", \"urlTemplate\"},\n  \
    \"user\": {\"id\", \"email\", \"firstName\", \"lastName\", \"groups\": [\"name\"]},\n  \
    \"deployment\": {\"gatewayId\", \"region\", \"serviceId\", \"serviceName\"},\n  \
    \"lastError\": {\"source\", \"reason\", \"message\", \"scope\", \"section\", \"path\", \"policyId\"},\n  \
    \"requestId\", \"timestamp\", \"elapsed\": \"hh:mm:ss.fff\"}\n\
    What is left out is null, as is a response, product or user that a request does not have. With a timestamp the clock\n\
    stands still at timestamp plus elapsed. Variables: a JSON integer is an Int32, an Int64 if it must be, a number with a\n\
    fraction a Double, an object a JObject, an array a JArray.\n\n\
    Exit status: 0 with a result, 1 after an exception or when a file cannot be used, 2 when the expression does not\n\
    compile. With --cases and --interactive failing expressions do not count.")]
#[command(group = clap::ArgGroup::new("what").required(true).args(["expression", "cases", "interactive"]))]
pub struct Arguments {
    /// A policy expression, `@(…)` or `@{…}`.
    #[arg(value_name = "EXPR")]
    expression: Option<String>,
    /// Evaluate the first column of each line after the header of this tab-separated file; one line for each.
    #[arg(long, value_name = "FILE.tsv")]
    cases: Option<PathBuf>,
    /// Read expressions line by line, with history and completion.
    #[arg(long, short)]
    interactive: bool,
    /// What `context` holds.
    #[arg(long, value_name = "FILE.json")]
    context: Option<PathBuf>,
    /// Accept only the types and members that API Management documents.
    #[arg(long)]
    strict: bool,
}

/// An exception, or a file that cannot be used.
const FAILED: u8 = 1;
/// The expression does not compile.
const REJECTED: u8 = 2;

/// A line of a file of cases, in bytes.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// Runs the command.
pub fn run(arguments: &Arguments) -> ExitCode {
    let context = match arguments.context.as_deref().map(context::read) {
        None => ContextFile::default(),
        Some(Ok(context)) => context,
        Some(Err(diagnostic)) => {
            super::print_diagnostics(&[*diagnostic]);
            return ExitCode::from(FAILED);
        }
    };
    let evaluator = Evaluator {
        context,
        options: Options {
            strict: arguments.strict,
            ..Options::default()
        },
    };
    if arguments.interactive {
        return repl::run(evaluator);
    }
    if let Some(path) = &arguments.cases {
        return cases(path, &evaluator);
    }
    let source = arguments.expression.as_deref().unwrap_or_default();
    let (outcome, traces) = evaluator.evaluate(source);
    match writeln!(std::io::stdout(), "{outcome}") {
        Ok(()) => {
            explain(source, &outcome, &traces);
            ExitCode::from(status(&outcome))
        }
        Err(_) => ExitCode::from(FAILED),
    }
}

/// The context and the options that all expressions of one invocation share.
struct Evaluator {
    context: ContextFile,
    options: Options,
}

impl Evaluator {
    /// The outcome of an expression and the messages it traced.
    fn evaluate(&self, source: &str) -> (Outcome, Vec<String>) {
        let mut host = FileHost::new(&self.context);
        let outcome = notation::evaluate(source, &self.options, &mut host);
        (outcome, host.into_traces())
    }
}

fn status(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Value { .. } => 0,
        Outcome::Throws(_) | Outcome::NeedsBody(_) => FAILED,
        Outcome::Rejected(_) => REJECTED,
    }
}

/// Says on stderr what the line on stdout leaves out.
fn explain(source: &str, outcome: &Outcome, traces: &[String]) {
    let mut stderr = std::io::stderr().lock();
    for trace in traces {
        let _ = writeln!(stderr, "trace: {trace}");
    }
    drop(stderr);
    match outcome {
        Outcome::Value { warnings, .. } => print_findings(source, warnings),
        Outcome::Rejected(findings) => print_findings(source, findings),
        Outcome::NeedsBody(_) => {}
        Outcome::Throws(exception) => {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "{}", exception.message);
            if let Some(offset) = exception.offset {
                let (line, column) = SourceFile::new("", source).line_column(offset);
                let _ = write!(stderr, " (line {line}, column {column})");
            }
            let _ = writeln!(stderr);
        }
    }
}

fn print_findings(source: &str, findings: &[ExpressionDiagnostic]) {
    if findings.is_empty() {
        return;
    }
    let file = SourceFile::new("expression", source);
    let diagnostics: Vec<Diagnostic> = findings
        .iter()
        .map(|finding| {
            let message = finding.message.as_str();
            let diagnostic = match finding.severity {
                Severity::Error => Diagnostic::error(finding.code, message),
                Severity::Warning => Diagnostic::warning(finding.code, message),
            };
            let mut diagnostic = diagnostic.at(&file, finding.range.clone());
            diagnostic.help.clone_from(&finding.help);
            diagnostic
        })
        .collect();
    super::print_diagnostics(&diagnostics);
}

/// One line of output for each line of the file after the first, so that the two can be laid side by side.
fn cases(path: &Path, evaluator: &Evaluator) -> ExitCode {
    let unreadable = |error: &std::io::Error| {
        super::print_diagnostics(&[Diagnostic::error(
            "not-readable",
            format!("{} cannot be read: {error}", path.display()),
        )]);
        ExitCode::from(FAILED)
    };
    let mut reader = match std::fs::File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) => return unreadable(&error),
    };
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    let mut header = true;
    loop {
        line.clear();
        match (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
        {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return unreadable(&error),
        }
        if line.len() as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
            let _ = stdout.flush();
            return unreadable(&std::io::Error::other(format!(
                "a line is longer than {LONGEST_LINE} bytes"
            )));
        }
        if std::mem::take(&mut header) {
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        let source = text.split(['\t', '\r', '\n']).next().unwrap_or_default();
        let (outcome, _) = evaluator.evaluate(source);
        if writeln!(stdout, "{outcome}").is_err() {
            return ExitCode::from(FAILED);
        }
    }
    match stdout.flush() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}
