//! What the compiler prints for a fault; made by `read` and `check`, written out by `expand`.

use crate::read::{message_among, parameter_types, says_impl, task_among};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use swoole_vocabulary::{Callback, Given};
use syn::{ReturnType, Signature, Type};

/// One thing that the user has to change: where, what is wrong, why the rule exists, what to write.
#[derive(Debug)]
pub(crate) struct Fault {
    from: Span,
    to: Span,
    text: String,
    /// The condition under which it is one, as `cfg` takes it.
    when: Option<TokenStream>,
}

impl Fault {
    /// A fault of these tokens, which should be as few as say it.
    pub(crate) fn at(tokens: &impl ToTokens, headline: impl Into<String>) -> Self {
        let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
        let from = spans.next().unwrap_or_else(Span::call_site);
        Self { from, to: spans.last().unwrap_or(from), text: headline.into(), when: None }
    }

    /// Why there is such a rule.
    pub(crate) fn note(self, why: impl AsRef<str>) -> Self {
        self.line("note", why.as_ref())
    }

    /// What to write instead.
    pub(crate) fn help(self, write: impl AsRef<str>) -> Self {
        self.line("help", write.as_ref())
    }

    /// Makes it a fault under this condition alone.
    pub(crate) fn when(mut self, condition: TokenStream) -> Self {
        self.when = Some(condition);
        self
    }

    // Notes of their own are not stable for macros; lines of one message are, and the compiler indents them under the headline.
    fn line(mut self, kind: &str, text: &str) -> Self {
        self.text.push('\n');
        self.text.push_str(kind);
        self.text.push_str(": ");
        self.text.push_str(text);
        self
    }

    /// The message as the compiler is given it.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl ToTokens for Fault {
    // The first token begins the place that is underlined, and the last one ends it.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let text = &self.text;
        let mut message = Group::new(Delimiter::Brace, quote_spanned!(self.to=> #text));
        message.set_span(self.to);
        if let Some(condition) = &self.when {
            tokens.extend(quote!(#[cfg(#condition)]));
        }
        tokens.extend(quote_spanned!(self.from=> ::core::compile_error!));
        tokens.extend([TokenTree::Group(message)]);
    }
}

/// Tokens as a person writes them, where a stream has spaces around every one.
pub(crate) fn as_written(tokens: &impl ToTokens) -> String {
    let tight =
        [(" :: ", "::"), (" : ", ": "), (":: ", "::"), (" ::", "::"), (" < ", "<"), (" >", ">"), ("& ", "&"), (" ,", ","), ("' ", "'")];
    let spaced = tokens.to_token_stream().to_string();
    tight.iter().fold(spaced, |text, (from, to)| text.replace(from, to))
}

/// What stands behind the parameters of a function, if anything does.
pub(crate) fn result_as_written(signature: &Signature) -> Option<String> {
    match &signature.output {
        ReturnType::Default => None,
        written @ ReturnType::Type(..) => Some(as_written(written)),
    }
}

/// The line to write for a callback, with what the user's function has of it: its result, and the types that are for the user to choose.
pub(crate) fn line_to_write(callback: &Callback, signature: &Signature) -> String {
    let line = callback.signature(result_as_written(signature).as_deref());
    let types: Vec<&Type> = parameter_types(signature).collect();
    callback.parameters.iter().fold(line, |line, (name, given)| {
        let chosen = match given {
            Given::Task => task_among(&types),
            // Where none is left out or too many.
            Given::Sent if types.len() == callback.parameters.len() => message_among(&types),
            _ => None,
        };
        // One with a name that only this function knows cannot stand in the line.
        match chosen.filter(|ty| signature.generics.params.is_empty() && !says_impl(ty.to_token_stream())) {
            Some(ty) => line.replace(&format!("{name}: {}", given.text()), &format!("{name}: {}", as_written(ty))),
            None => line,
        }
    })
}

/// Several words as a person lists them: `a`, `b` and `c`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
        None => String::new(),
    }
}
