//! A seeded mutator: pieces are deleted, doubled, moved, taken from another input or from a list.

/// Pieces that mean something to the language or to JSON.
const PIECES: [&str; 72] = [
    "{{",
    "}}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "\"\"\"",
    "r\"",
    "r#\"",
    "\"#",
    "\\",
    "\\u{",
    "#",
    "///",
    "=",
    "==",
    ":",
    ",",
    ".",
    "..",
    "->",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "<",
    "|",
    "&",
    "^",
    "?",
    "@",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{202e}",
    "\u{feff}",
    "é",
    "𝄞",
    " if ",
    " else ",
    " for x in ",
    " in ",
    "not ",
    " and ",
    "where ",
    "struct ",
    "enum ",
    "type ",
    "input ",
    "include ",
    "check ",
    "unset",
    "true",
    "9223372036854775807",
    "-1",
    "1e308",
    "0",
    "64MB",
    "30s",
    "{{#x}}",
    "{{/x}}",
    "{{a{{b}}}}",
    "aur.ports[x]",
    ".bind(a = ",
    "null",
];

/// xorshift64*: small, seeded, the same everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// A place between two characters.
fn place(random: &mut Random, text: &str) -> usize {
    let mut at = random.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A piece of a text, mostly short.
fn piece(random: &mut Random, text: &str) -> (usize, usize) {
    let start = place(random, text);
    let longest = [1, 4, 16, 64, 256][random.below(5)];
    let mut end = (start + random.below(longest) + 1).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

/// The longest input that is made.
const LONGEST: usize = 16 << 10;

/// Makes an input from one or two of those there are.
pub(super) fn changed(random: &mut Random, inputs: &[String]) -> String {
    let mut text = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(6) {
        let (start, end) = piece(random, &text);
        match random.below(8) {
            0 => text.replace_range(start..end, ""),
            1 => text.insert_str(start, PIECES[random.below(PIECES.len())]),
            2 => text.replace_range(start..end, PIECES[random.below(PIECES.len())]),
            3 => {
                let again = text[start..end].repeat(1 + random.below(40));
                text.insert_str(end, &again);
            }
            4 => {
                let moved = text[start..end].to_string();
                text.replace_range(start..end, "");
                let to = place(random, &text);
                text.insert_str(to, &moved);
            }
            5 => {
                let other = &inputs[random.below(inputs.len())];
                let (from, to) = piece(random, other);
                text.insert_str(start, &other[from..to]);
            }
            6 => {
                let other = &inputs[random.below(inputs.len())];
                text.truncate(start);
                text.push_str(&other[place(random, other)..]);
            }
            _ => {
                let other = &inputs[random.below(inputs.len())];
                text.push('\n');
                text.push_str(other);
            }
        }
        if text.len() > LONGEST {
            let mut end = LONGEST;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
    }
    text
}
