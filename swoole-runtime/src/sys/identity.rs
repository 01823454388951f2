//! Who workers are: user, groups and root directory, looked up before the first fork and taken on in each of them. Used at the start, and
//! by workers and task workers.

use nix::unistd::{Gid, Group, Uid, User, chroot, getgrouplist, setgid, setgroups, setuid};
use std::{
    ffi::CString,
    io,
    path::{Path, PathBuf},
};

/// What a worker gives up of what the server has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Identity {
    user: Option<Uid>,
    group: Option<Gid>,
    /// All that the process is in.
    groups: Vec<Gid>,
    root: Option<PathBuf>,
}

/// Whether this process may become whoever it likes.
pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

impl Identity {
    /// Looks up these names or numbers. An error says which of them is nobody.
    pub(crate) fn look_up(user: Option<&str>, group: Option<&str>, root: Option<&str>) -> Result<Self, String> {
        let of_group = group.map(group_named).transpose()?;
        let mut identity = Self { user: None, group: of_group, groups: of_group.into_iter().collect(), root: root.map(PathBuf::from) };
        if let Some(name) = user {
            let found = user_named(name)?;
            let group = of_group.or(found.as_ref().ok().map(|user| user.gid));
            let group =
                group.ok_or_else(|| format!("`user` is {name:?}, a number without a name, so it has no group; set `group`, too"))?;
            identity.user = Some(found.as_ref().map_or_else(|uid| *uid, |user| user.uid));
            identity.group = Some(group);
            identity.groups = match &found {
                Ok(user) => groups_of(user, group).map_err(|e| format!("the groups of `user` {name:?} are not known: {e}"))?,
                Err(_) => vec![group],
            };
        }
        if let Some(root) = root.filter(|root| !Path::new(root).is_dir()) {
            return Err(format!("`chroot` is {root:?}, and there is no such directory"));
        }
        Ok(identity)
    }

    /// Who a file must belong to that such a process is to write.
    pub(crate) fn owner(&self) -> (Option<Uid>, Option<Gid>) {
        (self.user, self.group)
    }

    /// [worker] Takes it on, for good. In this order, since each step takes away what the one before needs.
    pub(crate) fn take_on(&self) -> io::Result<()> {
        if !cfg!(feature = "cli") {
            return Ok(());
        }
        if let Some(root) = &self.root {
            chroot(root)?;
            std::env::set_current_dir("/")?;
        }
        if let Some(group) = self.group {
            setgroups(&self.groups)?;
            setgid(group)?;
        }
        if let Some(user) = self.user {
            setuid(user)?;
        }
        Ok(())
    }
}

/// The user of this name or number; a number may be nobody's.
fn user_named(name: &str) -> Result<Result<User, Uid>, String> {
    let by_name = User::from_name(name).map_err(|e| format!("`user` {name:?} cannot be looked up: {e}"))?;
    match (by_name, name.parse().map(Uid::from_raw)) {
        (Some(user), _) => Ok(Ok(user)),
        (None, Ok(uid)) => Ok(User::from_uid(uid).ok().flatten().ok_or(uid)),
        (None, Err(_)) => Err(format!("`user` is {name:?}, and there is no such user")),
    }
}

fn group_named(name: &str) -> Result<Gid, String> {
    let by_name = Group::from_name(name).map_err(|e| format!("`group` {name:?} cannot be looked up: {e}"))?;
    match (by_name, name.parse().map(Gid::from_raw)) {
        (Some(group), _) => Ok(group.gid),
        (None, Ok(gid)) => Ok(gid),
        (None, Err(_)) => Err(format!("`group` is {name:?}, and there is no such group")),
    }
}

fn groups_of(user: &User, group: Gid) -> io::Result<Vec<Gid>> {
    let name = CString::new(user.name.as_str()).map_err(io::Error::other)?;
    Ok(getgrouplist(&name, group)?)
}
