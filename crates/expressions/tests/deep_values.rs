//! Values that hold one another a million times deep, made with the default limits, end in an answer as well: the
//! stack is no part of the bargain.

use tidegate_expressions::{Nowhere, Options, Stop, Target, compile};

/// Runs on a small stack, as a worker might; gives the value's or the exception's type.
fn run(source: &str) -> String {
    let source = source.to_owned();
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || {
            let expression = match compile(&source, Target::Any, &Options::default()) {
                Ok(expression) => expression,
                Err(diagnostics) => return format!("{:?}", diagnostics.first()),
            };
            match expression.evaluate(&mut Nowhere::default()) {
                Ok(value) => value.type_of().to_string(),
                Err(Stop::Exception(exception)) => exception.type_name,
                Err(Stop::NeedsBody(_)) => "body".into(),
            }
        })
        .expect("a thread")
        .join()
        .expect("no panic")
}

#[test]
fn deep_values_are_freed() {
    for source in [
        "@{ object o = null; for (int i = 0; i < 300000; i++) { o = new List<object> { o }; } return 1; }",
        "@{ object o = null; for (int i = 0; i < 300000; i++) { o = new object[] { o }; } return 1; }",
        "@{ object o = null; for (int i = 0; i < 300000; i++) { o = new KeyValuePair<string, object>(\"k\", o); } return 1; }",
        "@{ object o = null; for (int i = 0; i < 300000; i++) { o = Tuple.Create(o); } return 1; }",
        "@{ object o = null; for (int i = 0; i < 300000; i++) { o = new { o }; } return 1; }",
        "@{ object o = null; for (int i = 0; i < 200000; i++) { o = new Dictionary<string, object> { { \"k\", o } }; } return 1; }",
        "@{ object o = null; for (int i = 0; i < 200000; i++) { var q = new Queue<object>(); q.Enqueue(o); o = q; } return 1; }",
        "@{ object o = null; for (int i = 0; i < 200000; i++) { var s = new Stack<object>(); s.Push(o); o = s; } return 1; }",
        "@{ object o = null; for (int i = 0; i < 100000; i++) { o = new HashSet<object> { o ?? 1 }; } return 1; }",
        "@{ Func<int> f = () => 1; for (int i = 0; i < 200000; i++) { var g = f; f = () => g() + 1; } return 1; }",
        "@{ Exception e = null; for (int i = 0; i < 200000; i++) { e = new Exception(\"x\", e); } return 1; }",
        "@{ IEnumerable<int> q = new[] { 1 }; for (int i = 0; i < 200000; i++) { q = q.Skip(0); } return 1; }",
    ] {
        assert_eq!(run(source), "int", "{source}");
    }
}

#[test]
fn deep_values_are_used_or_refused() {
    for source in [
        "@{ IEnumerable<int> q = new[] { 1 }; for (int i = 0; i < 200000; i++) { q = q.Skip(0); } return q.Count(); }",
        "@{ IEnumerable<int> q = new[] { 1 }; for (int i = 0; i < 200000; i++) { q = q.Concat(new[] { 1 }); } return q.Count(); }",
        "@{ IEnumerable<int> q = new[] { 1 }; for (int i = 0; i < 200000; i++) { q = q.OrderBy(x => x); } return q.Count(); }",
        "@{ IEnumerable<int> q = new[] { 1 }; for (int i = 0; i < 200000; i++) { q = q.Where(x => true).Select(x => x); } return q.Last(); }",
        "@{ Func<int> f = () => 1; for (int i = 0; i < 200000; i++) { var g = f; f = () => g() + 1; } return f(); }",
        "@{ object o = null; for (int i = 0; i < 300000; i++) { o = Tuple.Create(o); } return o.ToString().Length; }",
        "@{ object o = null, p = null; for (int i = 0; i < 200000; i++) { o = Tuple.Create(o); p = Tuple.Create(p); } return o.Equals(p) ? 1 : 2; }",
        "@{ object o = null; for (int i = 0; i < 300000; i++) { o = Tuple.Create(o); } return o.GetHashCode(); }",
        "@{ object o = null; for (int i = 0; i < 200000; i++) { o = new { o }; } return new[] { o, o }.Distinct().Count(); }",
        "@{ Exception e = null; for (int i = 0; i < 200000; i++) { e = new Exception(\"x\", e); } return e.ToString().Length; }",
        "@{ object o = null; for (int i = 0; i < 200000; i++) { o = new List<object> { o }; } return JsonConvert.SerializeObject(o).Length; }",
        "@{ object o = null; for (int i = 0; i < 200000; i++) { o = new List<object> { o }; } return new JArray(o).Count; }",
    ] {
        let found = run(source);
        assert!(
            [
                "int",
                "ExpressionLimitException",
                "JsonSerializationException",
                "ArgumentException"
            ]
            .contains(&found.as_str()),
            "{source}: {found}"
        );
    }
}

#[test]
fn values_that_hold_one_value_twice_level_upon_level_are_bounded_work() {
    let twins = "object t = 1, u = 1; for (int i = 0; i < 60; i++) { t = Tuple.Create(t, t); u = Tuple.Create(u, u); }";
    for end in [
        "return t.GetHashCode();",
        "return t.Equals(u) ? 1 : 2;",
        "return t.ToString().Length;",
        "return new[] { t, u }.OrderBy(x => x).Count();",
        "return new[] { t, u }.Distinct().Count();",
        "try { return t.Equals(u) ? 1 : 2; } catch { return 3; }",
    ] {
        let options = Options {
            limits: tidegate_expressions::Limits {
                fuel: 100_000,
                ..tidegate_expressions::Limits::default()
            },
            ..Options::default()
        };
        let expression = compile(&format!("@{{ {twins} {end} }}"), Target::Any, &options)
            .expect("an expression");
        match expression.evaluate(&mut Nowhere::default()) {
            Err(Stop::Exception(exception)) => {
                assert_eq!(exception.type_name, "ExpressionLimitException", "{end}");
            }
            other => panic!("{end}: {other:?}"),
        }
    }
    // A view of a view of a view… costs no more than the first.
    let views = "@{ IList<int> r = new List<int> { 1 }; for (int i = 0; i < 200000; i++) { r = new System.Collections.ObjectModel.ReadOnlyCollection<int>(r); } return r.Count; }";
    assert_eq!(run(views), "int");
}
