//! Text of the input made safe to show: what a terminal would obey, or a reader could not see, is
//! written as an escape. Knows nothing of where it is shown.

use std::borrow::Cow;

/// Whether a character is shown as an escape: controls, what changes the direction of writing, line
/// separators, and what is invisible. The joiners (U+200C, U+200D) stay: scripts and emoji need them.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A hidden character as double-quoted YAML writes it, such as `\x1b` or `\u202e`.
pub fn escape(c: char) -> String {
    match c as u32 {
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// Text with every hidden character as its escape, but for tabs and the breaks between lines.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !matches!(c, '\t' | '\n');
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hidden(c) { out.push_str(&escape(c)) } else { out.push(c) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(visible(text), shown);
    }

    #[test]
    fn hidden_characters_are_escaped() {
        check("plain ä 漢 👩\u{200d}🚀\n\tnext", "plain ä 漢 👩\u{200d}🚀\n\tnext");
        check("\u{1b}[31mred\u{7}\0\r", r"\x1b[31mred\x07\x00\x0d");
        check("\u{9b}31m\u{7f}", r"\x9b31m\x7f");
        check("a\u{202e}b\u{2066}c\u{feff}", r"a\u202eb\u2066c\ufeff");
        check("\u{e0041}", r"\U000e0041");
    }
}
