//! From the attribute, the file, the environment, the command line and the builder, in rising order, to what the server runs with.

#[cfg(feature = "cli")]
use super::{command_line, control, file, listen};
use super::{
    resolve,
    resolve::{no_address, no_address_of},
};
#[cfg(feature = "cli")]
use crate::settings::{App, Origin, Whose, printed};
use crate::{
    error::{Error, Result},
    settings::{Collected, Listener, Resolved, Settings},
};

/// What code has decided before the start.
pub(super) struct ByCode {
    pub(super) settings: Settings,
    /// Of listeners, by their names.
    pub(super) listeners: Vec<(String, Settings)>,
    /// The program reads its arguments itself.
    pub(super) own_arguments: bool,
    /// The settings file, where neither an option nor a variable names another.
    #[cfg(feature = "cli")]
    pub(super) file: Option<std::path::PathBuf>,
    /// What the user's own section must be.
    #[cfg(feature = "cli")]
    pub(super) app: Option<CheckApp>,
}

/// Says what is wrong with the user's own section.
#[cfg(feature = "cli")]
pub(super) type CheckApp = fn(&App) -> Result<(), String>;

/// What the program was started for.
pub(super) enum Asked {
    /// To serve.
    Serve(Box<Resolved>),
    /// To print this.
    #[cfg(feature = "cli")]
    Print(String),
    /// To give a command to a server that runs, which is done: to end with this exit code.
    #[cfg(feature = "cli")]
    End(i32),
}

/// Hears every source, and holds what comes out against the machine. Says all that is wrong, not only the first.
#[cfg(feature = "cli")]
pub(super) fn read(attribute: Settings, listeners: &[Listener], user_processes: usize, by_code: &ByCode) -> Result<Asked> {
    use command_line::{Options, Wanted};
    let options = if by_code.own_arguments {
        Options { settings: Vec::new(), listeners: Vec::new(), file: None, wanted: Wanted::Service }
    } else {
        match command_line::read(&attribute, &by_code.settings)? {
            Ok(options) => options,
            Err(help) => return Ok(Asked::Print(help)),
        }
    };
    let mut collected = Collected::new(attribute, listeners);
    collected.user_processes = user_processes;
    let app = file::read(&mut collected, options.file, by_code.file.as_deref());
    // A file that cannot be read is one fault, not also one of its section.
    if let (Some(app), Some(check)) = (app, by_code.app)
        && let Err(why) = check(&app)
    {
        collected.refusals.push(why);
    }
    let app = app.unwrap_or_default();
    collected.environment(std::env::vars_os());
    for (key, typed) in options.settings {
        collected.typed(Whose::Server, key, &typed, Origin::CommandLine);
    }
    for typed in options.listeners {
        collected.option_of_listener(&typed);
    }
    collected.builder(&by_code.settings, &by_code.listeners);
    refuse(&mut collected)?;
    if let Wanted::Command(command) = options.wanted {
        // What this machine allows a server is not asked: one may run that was started with other limits.
        return control::ends(command, &collected.settings).map(Asked::End);
    }
    resolve::fit(&mut collected)?;
    if options.wanted == Wanted::Settings {
        refuse(&mut collected)?;
        return Ok(Asked::Print(printed(&collected, &app)));
    }
    let is_control_default = collected.is_default("control");
    let resolved = finish(collected)?.with_app(app, is_control_default);
    match options.wanted {
        Wanted::Check => listen::checked(&resolved).map(Asked::Print),
        Wanted::Service | Wanted::Settings | Wanted::Command(_) => Ok(Asked::Serve(Box::new(resolved))),
    }
}

/// Hears every source, and holds what comes out against the machine. Says all that is wrong, not only the first.
#[cfg(not(feature = "cli"))]
pub(super) fn read(attribute: Settings, listeners: &[Listener], user_processes: usize, by_code: &ByCode) -> Result<Asked> {
    let mut collected = Collected::new(attribute, listeners);
    collected.user_processes = user_processes;
    if !by_code.own_arguments
        && let Some(argument) = std::env::args_os().nth(1)
    {
        collected.refusals.push(format!(
            "the argument {argument:?} is refused: this program was built without the feature `cli` and takes none; set variables of the \
             environment instead, as in SWOOLE_WORKERS=4"
        ));
    }
    collected.environment(std::env::vars_os());
    collected.builder(&by_code.settings, &by_code.listeners);
    refuse(&mut collected)?;
    resolve::fit(&mut collected)?;
    finish(collected).map(|settings| Asked::Serve(Box::new(settings)))
}

/// What the server runs with, unless something is missing or was refused.
fn finish(mut collected: Collected) -> Result<Resolved> {
    let without = collected.listeners.iter().filter(|of| of.settings.listen.is_none());
    let without: Vec<_> = without.map(|of| no_address_of(of.name)).collect();
    let is_whole = without.is_empty();
    collected.refusals.extend(without);
    match resolve::resolved(&collected) {
        Some(resolved) if collected.refusals.is_empty() => Ok(resolved),
        None if is_whole || collected.settings.listen.is_none() => {
            collected.refusals.push(no_address());
            Err(Error::refusals(collected.refusals))
        }
        _ => Err(Error::refusals(collected.refusals)),
    }
}

fn refuse(collected: &mut Collected) -> Result<()> {
    if collected.refusals.is_empty() { Ok(()) } else { Err(Error::refusals(core::mem::take(&mut collected.refusals))) }
}
