//! Faults in settings files, shown with file, line, column, the offending text and a cure.

/// One fault in a settings file.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SettingsFault {
    /// What is wrong.
    pub message: String,
}

/// A settings file that is refused, with every fault found in it.
#[derive(Debug, thiserror::Error)]
#[error("settings refused")]
pub struct SettingsError {
    /// The faults, in the order of the file.
    pub faults: Vec<SettingsFault>,
}
