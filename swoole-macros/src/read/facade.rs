//! The name of the crate `swoole` in the crate that is being compiled: Cargo.toml may give it another one.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

const PACKAGE: &str = "swoole";

/// The path to the facade.
pub(crate) fn facade() -> TokenStream {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let name = manifest.and_then(|folder| name_in(&folder)).unwrap_or_else(|| PACKAGE.to_owned());
    // A name in Cargo.toml that is none in Rust would not compile anyway.
    let name = syn::parse_str::<Ident>(&name.replace('-', "_")).unwrap_or_else(|_| Ident::new(PACKAGE, Span::call_site()));
    quote!(::#name)
}

fn name_in(folder: &Path) -> Option<String> {
    let dependencies = dependencies(&fs::read_to_string(folder.join("Cargo.toml")).ok()?, false);
    if dependencies.get(PACKAGE).is_some_and(|dependency| dependency.package.is_none()) {
        return None;
    }
    let renamed = dependencies.iter().find(|(_, dependency)| dependency.package.as_deref() == Some(PACKAGE));
    if let Some((name, _)) = renamed {
        return Some(name.clone());
    }
    let mut inherited = dependencies.into_iter().filter(|(_, dependency)| dependency.is_of_the_workspace).peekable();
    inherited.peek()?;
    let of_workspace = folder.ancestors().find_map(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        manifest.contains("[workspace").then(|| self::dependencies(&manifest, true))
    })?;
    inherited.map(|(name, _)| name).find(|name| of_workspace.get(name).is_some_and(|of| of.package.as_deref() == Some(PACKAGE)))
}

/// What a manifest says of a dependency, as far as it matters here.
#[derive(Default, PartialEq, Eq, Debug)]
struct Dependency {
    /// Where it is called otherwise than its name here.
    package: Option<String>,
    is_of_the_workspace: bool,
}

/// The dependencies of a manifest, of whatever kind: of its package, or those that its workspace names. It has passed Cargo, so that it is enough to look for what can be there.
fn dependencies(manifest: &str, of_the_workspace: bool) -> BTreeMap<String, Dependency> {
    let mut found: BTreeMap<String, Dependency> = BTreeMap::new();
    let mut section: Vec<String> = Vec::new();
    let mut lines = manifest.lines();
    while let Some(line) = lines.next() {
        // A text over several lines holds nothing that matters here.
        if let Some(quotes) = ["\"\"\"", "'''"].into_iter().find(|quotes| line.matches(quotes).count() % 2 == 1) {
            let _ = lines.find(|line| line.contains(quotes));
            continue;
        }
        let mut line = without_comment(line).trim().to_owned();
        // A value may go on until its brackets are closed.
        while open_brackets(&line) > 0 {
            let Some(more) = lines.next() else { break };
            line.push(' ');
            line.push_str(without_comment(more).trim());
        }
        if let Some(header) = line.strip_prefix('[') {
            section = keys(header.trim_start_matches('[').trim_end_matches(']'));
            continue;
        }
        let Some((left, value)) = line.split_once('=') else { continue };
        let path: Vec<String> = section.iter().cloned().chain(keys(left)).collect();
        if path.first().is_some_and(|key| key == "workspace") != of_the_workspace {
            continue;
        }
        let Some(at) = path.iter().position(|key| key.ends_with("dependencies")) else { continue };
        let mut rest = path.into_iter().skip(at.saturating_add(1));
        let Some(name) = rest.next() else { continue };
        let dependency = found.entry(name).or_default();
        match rest.next() {
            Some(part) => dependency.take(&part, value),
            None => {
                let inside = value.trim().trim_start_matches('{').trim_end_matches('}');
                for (part, value) in inside.split(',').filter_map(|entry| entry.split_once('=')) {
                    dependency.take(part.trim().trim_matches('"'), value);
                }
            }
        }
    }
    found
}

impl Dependency {
    fn take(&mut self, part: &str, value: &str) {
        let value = value.trim();
        match part {
            "package" => {
                let name = value.trim_matches(['"', '\'']).to_owned();
                self.package = Some(name);
            }
            "workspace" => self.is_of_the_workspace = value == "true",
            _ => {}
        }
    }
}

/// The parts of a dotted key, without quotes; what is quoted has no dots that matter here.
fn keys(dotted: &str) -> Vec<String> {
    dotted.split('.').map(|key| key.trim().trim_matches(['"', '\'']).to_owned()).collect()
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '#') => return line.get(..at).unwrap_or(line),
            _ => {}
        }
    }
    line
}

fn open_brackets(line: &str) -> usize {
    let Some((_, value)) = line.split_once('=') else { return 0 };
    let (mut quote, mut open) = (None, 0_usize);
    for letter in value.chars() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(begun), _) if begun == letter => quote = None,
            (None, '{' | '[') => open = open.saturating_add(1),
            (None, '}' | ']') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(manifest: &str) -> Option<String> {
        let mut found = dependencies(manifest, false);
        found.extend(dependencies(manifest, true));
        found.into_iter().find(|(_, dependency)| dependency.package.as_deref() == Some(PACKAGE)).map(|(name, _)| name)
    }

    #[test]
    fn a_crate_that_is_called_otherwise_is_found_however_it_is_written() {
        for manifest in [
            "[dependencies]\nsw = { package = \"swoole\", version = \"0.1\" }",
            "[dependencies]\nsw = { version = \"0.1\", package = 'swoole' } # the server",
            "[dependencies.sw]\nversion = \"0.1\"\npackage = \"swoole\"",
            "[dependencies]\nsw.version = \"0.1\"\nsw.package = \"swoole\"",
            "[target.'cfg(unix)'.dependencies]\nsw = { path = \"a#b\", package = \"swoole\" }",
            "[dev-dependencies]\nother = \"1\"\nsw = { features = [\n  \"cli\", # all\n], package = \"swoole\" }",
            "[package]\ndescription = \"a [beta\"\n[dependencies]\nsw = { package = \"swoole\" }",
            "[package.metadata]\ntext = \"\"\"\n[dependencies]\nswoole = \"1\"\n\"\"\"\n[dependencies]\nsw = { package = \"swoole\" }",
            "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\n\"sw\" = { \"package\" = \"swoole\" }",
        ] {
            assert_eq!(renamed(manifest).as_deref(), Some("sw"), "{manifest}");
        }
    }

    #[test]
    fn no_other_line_of_a_manifest_is_taken_for_it() {
        for manifest in [
            "",
            "[package]\nname = \"swoole\"\n[dependencies]\nswoole = \"0.1\"",
            "[dependencies]\n# sw = { package = \"swoole\" }\nswoole = { path = \"..\" }",
            "[package.metadata]\nsw = { package = \"swoole\" }",
            "[dependencies]\nsw = { package = \"swoole-runtime\" }",
        ] {
            assert_eq!(renamed(manifest), None, "{manifest}");
        }
    }

    #[test]
    fn what_a_workspace_names_is_asked_for_there() {
        let found = dependencies("[dependencies]\nsw.workspace = true\nserde = { workspace = true, features = [\"derive\"] }", false);
        assert!(found.values().all(|dependency| dependency.is_of_the_workspace && dependency.package.is_none()), "{found:?}");
    }
}
