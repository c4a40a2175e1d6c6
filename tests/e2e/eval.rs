//! What `tidegate eval` prints, and how it ends.

use std::io::Write;
use std::process::{Output, Stdio};

use crate::harness::{Folder, tidegate};

fn eval(arguments: &[&str]) -> Output {
    tidegate()
        .arg("eval")
        .args(arguments)
        .output()
        .expect("tidegate runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a context file in it, and the file's path.
fn context(name: &str, text: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    folder.write("context.json", text);
    let path = folder.0.join("context.json").display().to_string();
    (folder, path)
}

#[test]
fn a_result_is_its_type_a_tab_and_its_text() {
    for (source, line) in [
        ("@(1 + 2)", "int\t3\n"),
        ("@(\"a\\tb\" + 1.5)", "string\ta\\tb1.5\n"),
        ("@((string)null)", "string\t<null>\n"),
        (
            "@{ var o = new JObject(); o[\"a\"] = 1; return o; }",
            "JObject\t{\"a\":1}\n",
        ),
        ("@(new byte[] { 1, 255 })", "byte[]\t01ff\n"),
    ] {
        let output = eval(&[source]);
        assert_eq!(stdout(&output), line);
        assert_eq!(output.status.code(), Some(0), "{source}");
        assert_eq!(stderr(&output), "", "{source}");
    }
}

#[test]
fn an_exception_is_named_and_ends_with_status_1() {
    let output = eval(&["@(int.Parse(\"x\"))"]);
    assert_eq!(stdout(&output), "throws FormatException\n");
    assert!(stderr(&output).contains("Input string was not in a correct format."));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_rejected_expression_gives_its_code_and_ends_with_status_2() {
    let output = eval(&["@(\"a\".Lenght)"]);
    assert_eq!(stdout(&output), "compile CS1061\n");
    let text = stderr(&output);
    assert!(text.contains("Lenght") && text.contains("Length"), "{text}");
    assert!(text.contains("expression:1:7"), "{text}");
    assert_eq!(output.status.code(), Some(2));
    for source in ["1 + 2", "", "@(", "@{ }"] {
        let output = eval(&[source]);
        assert!(stdout(&output).starts_with("compile "), "{source}");
        assert_eq!(output.status.code(), Some(2), "{source}");
    }
}

#[test]
fn warnings_do_not_change_the_result() {
    let output = eval(&["@{ int unused; return 1; }"]);
    assert_eq!(stdout(&output), "int\t1\n");
    assert!(stderr(&output).contains("warning"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn cases_give_one_line_for_each_row_and_never_stop() {
    let folder = Folder::new("eval-cases");
    folder.write(
        "cases.tsv",
        "expression\ttype\tresult\n@(1)\tint\t1\n@(nothing)\t-\t-\n\n@(((string)null).Length)\r\n@{ while (true) { } }\n@(\"end\")",
    );
    let path = folder.0.join("cases.tsv").display().to_string();
    let output = eval(&["--cases", &path]);
    assert_eq!(
        stdout(&output),
        "int\t1\ncompile CS0103\ncompile TG0001\nthrows NullReferenceException\nthrows ExpressionLimitException\nstring\tend\n"
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = eval(&["--cases", "no-such-file.tsv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no-such-file.tsv"));
}

#[test]
fn the_context_file_is_what_expressions_see() {
    let (_folder, path) = context(
        "eval-context",
        r#"{
  "request": {"method": "POST", "url": "https://backend.example/openai?api-version=1", "originalUrl": "http://gateway.example:8080/api/chat",
    "headers": {"X-Tenant": ["blue"], "Accept": ["a", "b"]}, "body": "{\"n\": 5}", "ipAddress": "10.1.2.3", "matchedParameters": {"deployment": "gpt"}},
  "response": {"statusCode": 429, "headers": {"Retry-After": ["7"]}, "body": "slow"},
  "variables": {"int": 3, "long": 3000000000, "double": 1.0, "text": "t", "flag": true, "none": null, "object": {"a": [1]}, "array": [1, 2]},
  "subscription": {"id": "s", "name": "sn", "key": "k", "primaryKey": "p", "secondaryKey": "q", "createdDate": "2024-01-02T03:04:05Z"},
  "product": {"id": "p", "name": "pn", "groups": ["g1", {"id": "g2", "name": "G2"}]},
  "api": {"id": "a", "name": "an", "path": "api", "serviceUrl": "https://svc.example/x", "version": "v1", "revision": "2"},
  "operation": {"id": "o", "name": "on", "method": "POST", "urlTemplate": "/chat"},
  "user": {"id": "u", "email": "u@example.org", "firstName": "Ada", "lastName": "L", "groups": ["dev"]},
  "deployment": {"gatewayId": "gw", "region": "West Europe", "serviceId": "si", "serviceName": "sn"},
  "lastError": {"source": "forward-request", "reason": "Timeout", "message": "m", "scope": "api", "section": "backend", "path": "p", "policyId": "id"},
  "requestId": "00112233-4455-6677-8899-aabbccddeeff", "timestamp": "2024-05-06T07:08:09Z", "elapsed": "00:00:01.500"
}"#,
    );
    for (source, line) in [
        ("@(context.Request.Method)", "string\tPOST"),
        ("@(context.Request.Url.Host)", "string\tbackend.example"),
        ("@(context.Request.Url.Port)", "int\t443"),
        (
            "@(context.Request.Url.Query[\"api-version\"])",
            "string[]\t[1]",
        ),
        (
            "@(context.Request.OriginalUrl.ToString())",
            "string\thttp://gateway.example:8080/api/chat",
        ),
        (
            "@(context.Request.Headers.GetValueOrDefault(\"accept\"))",
            "string\ta,b",
        ),
        ("@(context.Request.Body.As<JObject>()[\"n\"])", "JValue\t5"),
        (
            "@{ var a = context.Request.Body.As<string>(); return a.Length + \"/\" + context.Request.Body.As<string>().Length; }",
            "string\t8/0",
        ),
        ("@(context.Request.IpAddress)", "string\t10.1.2.3"),
        (
            "@(context.Request.MatchedParameters[\"deployment\"])",
            "string\tgpt",
        ),
        ("@(context.Response.StatusCode)", "int\t429"),
        (
            "@(context.Response.StatusReason)",
            "string\tToo Many Requests",
        ),
        ("@(context.Response.Body.As<string>())", "string\tslow"),
        ("@(context.Variables[\"int\"])", "int\t3"),
        ("@(context.Variables[\"long\"])", "long\t3000000000"),
        ("@(context.Variables[\"double\"])", "double\t1"),
        ("@(context.Variables[\"text\"])", "string\tt"),
        ("@(context.Variables[\"flag\"])", "bool\tTrue"),
        ("@(context.Variables[\"none\"])", "object\t<null>"),
        ("@(context.Variables[\"object\"])", "JObject\t{\"a\":[1]}"),
        ("@(context.Variables[\"array\"])", "JArray\t[1,2]"),
        ("@(context.Variables.Count)", "int\t8"),
        (
            "@(context.Subscription.PrimaryKey + context.Subscription.SecondaryKey + context.Subscription.Key)",
            "string\tpqk",
        ),
        (
            "@(context.Subscription.CreatedDate)",
            "DateTime\t01/02/2024 03:04:05",
        ),
        (
            "@(string.Join(\",\", context.Product.Groups.Select(g => g.Id + g.Name)))",
            "string\tg1g1,g2G2",
        ),
        (
            "@(context.Api.Version + context.Api.Revision + context.Api.ServiceUrl.Host)",
            "string\tv12svc.example",
        ),
        ("@(context.Operation.UrlTemplate)", "string\t/chat"),
        (
            "@(context.User.FirstName + context.User.Groups.First().Name)",
            "string\tAdadev",
        ),
        ("@(context.Deployment.Region)", "string\tWest Europe"),
        (
            "@(context.LastError.Reason + context.LastError.PolicyId)",
            "string\tTimeoutid",
        ),
        (
            "@(context.RequestId)",
            "Guid\t00112233-4455-6677-8899-aabbccddeeff",
        ),
        ("@(context.Timestamp)", "DateTime\t05/06/2024 07:08:09"),
        ("@(context.Elapsed)", "TimeSpan\t00:00:01.5000000"),
        (
            "@(DateTime.UtcNow.ToString(\"o\"))",
            "string\t2024-05-06T07:08:10.5000000Z",
        ),
    ] {
        let output = eval(&["--context", &path, source]);
        assert_eq!(
            stdout(&output).trim_end_matches('\n'),
            line,
            "{source}\n{}",
            stderr(&output)
        );
    }
}

#[test]
fn no_case_sees_what_another_one_changed() {
    let (folder, path) = context(
        "eval-fresh",
        r#"{"variables": {"o": {"a": 1}}, "request": {"body": "text"}}"#,
    );
    folder.write(
        "cases.tsv",
        "expression\n@{ ((JObject)context.Variables[\"o\"])[\"a\"] = 2; return context.Request.Body.As<string>(); }\n\
         @(((JObject)context.Variables[\"o\"])[\"a\"] + context.Request.Body.As<string>())\n",
    );
    let cases = folder.0.join("cases.tsv").display().to_string();
    let output = eval(&["--context", &path, "--cases", &cases]);
    assert_eq!(stdout(&output), "string\ttext\nstring\t1text\n");
}

#[test]
fn a_context_file_with_an_unknown_member_is_refused_by_name() {
    let (_folder, path) = context("eval-unknown", "{\"requests\": {}}");
    let output = eval(&["--context", &path, "@(1)"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let text = stderr(&output);
    assert!(
        text.contains("`requests`") && text.contains("`request`"),
        "{text}"
    );
}

#[test]
fn traces_go_to_stderr() {
    let output = eval(&["@{ context.Trace(\"seen\"); return 1; }"]);
    assert_eq!(stdout(&output), "int\t1\n");
    assert_eq!(stderr(&output), "trace: seen\n");
}

#[test]
fn strict_refuses_what_is_not_documented() {
    let source = "@(DateTime.ParseExact(\"2024\", \"yyyy\", null).Year)";
    assert_eq!(stdout(&eval(&[source])), "int\t2024\n");
    let output = eval(&["--strict", source]);
    assert!(
        stdout(&output).starts_with("compile "),
        "{}",
        stdout(&output)
    );
    assert!(
        stderr(&output).contains("ParseExact"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn interactive_reads_expressions_until_the_input_ends() {
    let mut child = tidegate()
        .args(["eval", "--interactive"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tidegate runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"1 + 2\n\n@(nothing)\n@{ var x = 4;\nreturn x; }\nvar y = 5; return y;\nint.Parse(\"\")\n\"last\"")
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        stdout(&output),
        "int\t3\ncompile CS0103\nint\t4\nint\t5\nthrows FormatException\nstring\tlast\n"
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
