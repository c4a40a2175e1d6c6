//! `choose`: the first branch whose condition holds.

use tidegate_pipeline::{
    Exchange, Failure, LocalBoxFuture, Mode, Outcome, Policy, Position, Sections, Steps, run_now,
    run_steps,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Child, Content, Definition, Kind, Scopes};
use crate::flow::all_immediate;
use crate::setting::{Needs, Setting};

const CONDITION: Attribute = Attribute::new(
    "condition",
    Kind::Boolean,
    "The branch runs when this is the first condition that holds.",
)
.required();

/// `choose`
pub static DEFINITION: Definition = Definition {
    name: "choose",
    category: Category::Flow,
    summary: "Runs the statements of the first `when` whose condition holds, else those of `otherwise`.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[],
    content: Content::Children(&[
        Child::new("when", 1, usize::MAX, "A branch with a condition.").attributes(&[CONDITION]),
        Child::new("otherwise", 0, 1, "The branch without one; stands last."),
    ]),
    compile,
};

struct When {
    condition: Setting<bool>,
    steps: Steps,
    /// Where a failure of the condition is said to be.
    position: Position,
}

struct Choose {
    branches: Vec<When>,
    otherwise: Steps,
    immediate: bool,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let mut branches = Vec::new();
    let mut otherwise = Steps::new();
    let mut otherwise_seen = false;
    let mut position = 0;
    let mut complete = true;
    for child in element.elements() {
        match child.name.as_str() {
            "when" => {
                position += 1;
                if otherwise_seen {
                    compiler.error(
                        "wrong-order",
                        child.name_span.clone(),
                        "<when> stands after <otherwise>, which must be last",
                    );
                }
                let condition = compiler.boolean(child, &CONDITION);
                let (steps, position) = compiler.nested(format!("when[{position}]"), |compiler| {
                    (compiler.statements(child), compiler.position())
                });
                match condition {
                    Some(condition) => branches.push(When {
                        condition,
                        steps,
                        position,
                    }),
                    None => complete = false,
                }
            }
            "otherwise" => {
                otherwise_seen = true;
                otherwise = compiler.nested("otherwise[1]".to_owned(), |compiler| {
                    compiler.statements(child)
                });
            }
            _ => {}
        }
    }
    if !complete {
        return None;
    }
    let needs = Needs::default().and_all(branches.iter().map(|branch| &branch.condition));
    let immediate = !needs.reads_body()
        && branches.iter().all(|branch| all_immediate(&branch.steps))
        && all_immediate(&otherwise);
    Some(Box::new(Choose {
        branches,
        otherwise,
        immediate,
    }))
}

impl Policy for Choose {
    fn mode(&self) -> Mode {
        if self.immediate {
            Mode::Immediate
        } else {
            Mode::Waiting
        }
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        for branch in &self.branches {
            let holds = branch
                .condition
                .get(exchange)
                .map_err(|failure| failure.located(|| branch.position.clone()))?;
            if holds {
                return run_now(&branch.steps, exchange);
            }
        }
        run_now(&self.otherwise, exchange)
    }

    fn start<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            for branch in &self.branches {
                let holds = branch
                    .condition
                    .get_buffering(exchange)
                    .await
                    .map_err(|error| error.located(|| branch.position.clone()))?;
                if holds {
                    return Ok(run_steps(&branch.steps, exchange).await?);
                }
            }
            Ok(run_steps(&self.otherwise, exchange).await?)
        })
    }
}
