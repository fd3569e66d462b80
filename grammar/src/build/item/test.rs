//! `test "name" { expect .. }`

use aur_diagnostics::codes;

use super::Builder;
use crate::pest::{Cursor, Node, Rule};
use crate::tree::{
    BinaryOp, Expectation, ExpectationKind, Expr, ExprKind, Range, SyntaxError, TestItem, Text,
};

impl Builder<'_> {
    pub(super) fn test_item(&mut self, node: Node, mut cursor: Cursor<'_>) -> TestItem {
        let name = self.next_text(&mut cursor).unwrap_or(Text {
            range: self.range(node.start, node.start),
            parts: Vec::new(),
        });
        let mut expectations = Vec::new();
        while let Some((expectation, children)) = cursor.take(Rule::expectation) {
            self.check_separated(expectation, "expectations");
            let next = cursor.peek().map_or(node.end, |next| next.start);
            self.check_commas(expectation.end, next);
            expectations.push(self.expectation(expectation, children));
        }
        TestItem { name, expectations }
    }

    fn expectation(&mut self, node: Node, mut cursor: Cursor<'_>) -> Expectation {
        let start = self.node_range(node).start;
        let (kind, end) = if cursor.rule() == Some(Rule::name) {
            let code = self.next_name(&mut cursor);
            let program = self.value(&mut cursor);
            let end = program.range.end;
            (ExpectationKind::Error { code, program }, end)
        } else if cursor.take(Rule::gives_plan).is_some() {
            let comparison = self.value(&mut cursor);
            let end = comparison.range.end;
            (self.plan(comparison), end)
        } else {
            let condition = self.value(&mut cursor);
            let end = condition.range.end;
            (ExpectationKind::Holds(condition), end)
        };
        Expectation {
            range: Range::new(start, end),
            kind,
        }
    }

    /// A plan is compared with a file, and with nothing else.
    fn plan(&mut self, comparison: Expr) -> ExpectationKind {
        let range = comparison.range;
        match comparison.kind {
            ExprKind::Binary {
                op: BinaryOp::Equal,
                left,
                right,
                ..
            } => ExpectationKind::Plan {
                program: *left,
                snapshot: *right,
            },
            kind => {
                if kind != ExprKind::Missing {
                    let message = "a plan is compared with the file that holds it";
                    let error = SyntaxError::new(&codes::syntax, range, message, "expected `==` and a file");
                    self.error(
                        error.help("write `expect plan file(\"main.aur\") == file(\"main.plan.json\")`"),
                    );
                }
                let end = Range::new(range.end, range.end);
                ExpectationKind::Plan {
                    program: Expr { range, kind },
                    snapshot: Expr {
                        range: end,
                        kind: ExprKind::Missing,
                    },
                }
            }
        }
    }
}
