//! Live streams under a policy: it only ever tightens what a camera's own file allows.

use super::restriction::{Reads, reading};
use super::words::Refusal;
use crate::config::{Policy, Transport};

/// What is asked of one camera, as far as its own file allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watching {
    /// The way to the camera that its file asks for.
    pub transport: Transport,
    /// Masked footage of it is to be recorded.
    pub recorded: bool,
    /// A case is named that it is for.
    pub in_case: bool,
}

/// Whether a policy lets a camera be watched so.
///
/// # Errors
/// The [`Refusal`], which names the article.
pub fn may_watch(policy: Option<&Policy>, wanted: Watching) -> Result<(), Refusal> {
    let Some(policy) = policy else { return Ok(()) };
    // Where live is allowed at all, what is recorded is footage, and footage belongs to a case.
    reading(Some(policy), Reads::Live, wanted.in_case || !wanted.recorded, false)?;
    if policy.security.encrypted_transport.value && wanted.transport == Transport::Any {
        return Err(Refusal::new(
            policy,
            &policy.security.encrypted_transport.article,
            "pictures travel encrypted, and the camera file allows a way in the clear",
            "write transport = \"tls\" and an rtsps:// address into the camera file",
        ));
    }
    if policy.security.encrypted_at_rest.value && wanted.recorded {
        return Err(Refusal::new(
            policy,
            &policy.security.encrypted_at_rest.article,
            "footage lies encrypted, in a case, and a recording of a live stream lies in the clear",
            "leave --record out; what the recorder keeps is added to a case with `melkglas case add-clip`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PolicyName;
    use clap::ValueEnum;

    const MASKED: Watching = Watching { transport: Transport::Tls, recorded: false, in_case: false };

    #[test]
    fn a_policy_forbids_what_a_camera_file_allows() {
        assert_eq!(
            may_watch(None, Watching { transport: Transport::Any, recorded: true, in_case: false }),
            Ok(())
        );
        for name in PolicyName::value_variants() {
            let mut policy = Policy::shipped(*name).expect("sound");
            for in_case in [false, true] {
                for recorded in [false, true] {
                    let wanted = Watching { recorded, in_case, ..MASKED };
                    let refused = may_watch(Some(&policy), wanted).expect_err("forbidden");
                    assert_eq!(refused.article, policy.cite(&policy.purpose.live.article), "{name:?}");
                }
            }
            // A protocol that allows it still keeps the rest.
            policy.purpose.live.value = true;
            assert_eq!(may_watch(Some(&policy), MASKED), Ok(()));
            let plain = Watching { transport: Transport::Any, ..MASKED };
            let refused = may_watch(Some(&policy), plain).expect_err("in the clear");
            assert_eq!(refused.article, policy.cite(&policy.security.encrypted_transport.article));
            let recorded = Watching { recorded: true, ..MASKED };
            let refused = may_watch(Some(&policy), recorded).expect_err("no case");
            assert_eq!(refused.article, policy.cite(&policy.purpose.causes.article));
            let recorded = Watching { in_case: true, ..recorded };
            let refused = may_watch(Some(&policy), recorded).expect_err("in the clear");
            assert_eq!(refused.article, policy.cite(&policy.security.encrypted_at_rest.article));
        }
    }
}
