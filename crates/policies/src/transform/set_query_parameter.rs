//! `set-query-parameter`: sets, appends to or deletes a query parameter of the request to the backend.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tidegate_pipeline::{Exchange, Failure, Mode, Outcome, Policy, Sections};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Child, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting};
use crate::transform::set_header::{Action, EXISTS_ACTION, ExistsAction};

const NAME: Attribute = Attribute::new("name", Kind::Text, "Name of the parameter.").required();

/// `set-query-parameter`
pub static DEFINITION: Definition = Definition {
    name: "set-query-parameter",
    category: Category::Transformation,
    summary: "Sets, appends to or deletes a query parameter of the request to the backend.",
    sections: Sections::INBOUND.and(Sections::BACKEND),
    scopes: Scopes::ALL,
    attributes: &[NAME, EXISTS_ACTION],
    content: Content::Children(&[Child::new(
        "value",
        0,
        usize::MAX,
        "A value; each makes one pair.",
    )]),
    compile,
};

/// Everything but unreserved characters is encoded.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

struct SetQueryParameter {
    name: Setting<Arc<str>>,
    action: Action,
    values: Vec<Setting<Arc<str>>>,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let name = compiler.text(element, &NAME);
    let action = Action::compile(compiler, element);
    let mut values = Vec::new();
    let mut complete = true;
    for child in element.elements().filter(|child| child.name == "value") {
        match compiler.content_text(child, true) {
            Some(value) => values.push(value),
            None => complete = false,
        }
    }
    let action = action?;
    if values.is_empty() && complete && !matches!(action, Action::Constant(ExistsAction::Delete)) {
        compiler.error(
            "missing-element",
            element.name_span.clone(),
            "<set-query-parameter> needs <value>, unless exists-action is 'delete'",
        );
        return None;
    }
    let name = name?;
    complete.then(|| -> Box<dyn Policy> {
        Box::new(SetQueryParameter {
            name,
            action,
            values,
        })
    })
}

/// Whether a `name=value` pair of a query has that name: decoded, in any case.
pub(crate) fn pair_is(pair: &str, name: &str) -> bool {
    let key = pair.split_once('=').map_or(pair, |(key, _)| key);
    if key.eq_ignore_ascii_case(name) {
        return true;
    }
    if !key.contains(['%', '+']) {
        return false;
    }
    let plain = key.replace('+', " ");
    percent_decode_str(&plain)
        .decode_utf8_lossy()
        .eq_ignore_ascii_case(name)
}

/// The query after the change; other pairs keep their text and order.
fn change(query: &str, name: &str, action: ExistsAction, values: &[String]) -> Option<String> {
    let exists = query
        .split('&')
        .any(|pair| pair_is(pair, name) && !pair.is_empty());
    let encoded_name = utf8_percent_encode(name, COMPONENT).to_string();
    let new_pairs = values
        .iter()
        .map(|value| format!("{encoded_name}={}", utf8_percent_encode(value, COMPONENT)));
    let old = query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<String> = match action {
        ExistsAction::Skip if exists => return None,
        ExistsAction::Delete if !exists => return None,
        ExistsAction::Delete => old
            .filter(|pair| !pair_is(pair, name))
            .map(str::to_owned)
            .collect(),
        ExistsAction::Override if exists => {
            let mut new_pairs = Some(new_pairs);
            let mut pairs = Vec::new();
            for pair in old {
                if !pair_is(pair, name) {
                    pairs.push(pair.to_owned());
                } else if let Some(new_pairs) = new_pairs.take() {
                    pairs.extend(new_pairs);
                }
            }
            pairs
        }
        _ => old.map(str::to_owned).chain(new_pairs).collect(),
    };
    Some(pairs.join("&"))
}

impl Policy for SetQueryParameter {
    fn mode(&self) -> Mode {
        self.action
            .needs(Needs::default())
            .and(&self.name)
            .and_all(&self.values)
            .mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let name = self.name.get(exchange)?;
        let action = self.action.get(exchange, DEFINITION.name)?;
        let exists = exchange
            .request
            .url
            .query()
            .split('&')
            .any(|pair| pair_is(pair, &name));
        let mut values = Vec::with_capacity(self.values.len());
        if action != ExistsAction::Delete && !(action == ExistsAction::Skip && exists) {
            for value in &self.values {
                values.push(value.text(exchange)?.to_owned());
            }
        }
        if let Some(query) = change(exchange.request.url.query(), &name, action, &values) {
            exchange.request.url.set_query(query);
            exchange.url_changed();
        }
        Ok(Outcome::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(query: &str, action: ExistsAction, values: &[&str]) -> Option<String> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        change(query, "p", action, &values)
    }

    #[test]
    fn override_keeps_the_place_of_the_first_old_pair() {
        assert_eq!(
            changed(
                "a=1&P=old&b=2&p=older",
                ExistsAction::Override,
                &["x y", "z"]
            )
            .as_deref(),
            Some("a=1&p=x%20y&p=z&b=2")
        );
        assert_eq!(
            changed("a=1", ExistsAction::Override, &["x"]).as_deref(),
            Some("a=1&p=x")
        );
    }

    #[test]
    fn skip_append_and_delete_leave_other_pairs_as_they_are() {
        assert_eq!(changed("p=1", ExistsAction::Skip, &["x"]), None);
        assert_eq!(
            changed("", ExistsAction::Skip, &["x"]).as_deref(),
            Some("p=x")
        );
        assert_eq!(
            changed("p=1&a=%7E", ExistsAction::Append, &["x"]).as_deref(),
            Some("p=1&a=%7E&p=x")
        );
        assert_eq!(
            changed("p=1&a=%7E&%70=2", ExistsAction::Delete, &[]).as_deref(),
            Some("a=%7E")
        );
    }
}
