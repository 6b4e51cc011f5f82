//! Live streams under a policy: it only ever tightens what a camera's own file allows.

use super::restriction::{Reads, reading};
use super::words::Refusal;
use crate::config::{LivePolicy, Policy, Transport};

/// What is asked of one camera, as far as its own file allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watching {
    /// How far its file allows that it is watched live.
    pub live: LivePolicy,
    /// The way to the camera that its file asks for.
    pub transport: Transport,
    /// Masked footage of it is to be recorded.
    pub recorded: bool,
    /// A case is named that it is for.
    pub in_case: bool,
    /// Masked pictures of it travel to other machines in the clear.
    pub sent_in_the_clear: bool,
}

/// How far a camera may be watched: the stricter of its file and the policy.
///
/// # Errors
/// The [`Refusal`], which names the article.
pub fn may_watch(policy: Option<&Policy>, wanted: Watching) -> Result<LivePolicy, Refusal> {
    let Some(policy) = policy else { return Ok(wanted.live) };
    // Where it is more than placed, what is recorded is footage, and footage belongs to a case.
    let placed = policy.purpose.live.value == LivePolicy::Placement;
    reading(Some(policy), Reads::Live, wanted.in_case || placed || !wanted.recorded, false)?;
    if placed && wanted.recorded {
        return Err(Refusal::new(
            policy,
            &policy.purpose.live.article,
            "a camera is watched live to place and check it, and a placement is not recorded, within a case or without",
            "leave --record out; what the recorder keeps is added to a case with `melkglas case add-clip`",
        ));
    }
    let in_the_clear = match (wanted.transport, wanted.sent_in_the_clear) {
        (Transport::Any, _) => Some((
            "pictures travel encrypted, and the camera file allows a way in the clear",
            "write transport = \"tls\" and an rtsps:// address into the camera file",
        )),
        (Transport::Tls, true) => Some((
            "pictures travel encrypted, masked ones too, and other machines would get these in the clear",
            "publish on 127.0.0.1, or write --publish rtsps://ADDRESS:PORT with --certificate",
        )),
        (Transport::Tls, false) => None,
    };
    if let Some((what, cure)) = in_the_clear.filter(|_| policy.security.encrypted_transport.value) {
        return Err(Refusal::new(policy, &policy.security.encrypted_transport.article, what, cure));
    }
    if policy.security.encrypted_at_rest.value && wanted.recorded {
        return Err(Refusal::new(
            policy,
            &policy.security.encrypted_at_rest.article,
            "footage lies encrypted, in a case, and a recording of a live stream lies in the clear",
            "leave --record out; what the recorder keeps is added to a case with `melkglas case add-clip`",
        ));
    }
    Ok(wanted.live.min(policy.purpose.live.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PolicyName;
    use clap::ValueEnum;

    const MASKED: Watching = Watching {
        live: LivePolicy::Masked,
        transport: Transport::Tls,
        recorded: false,
        in_case: false,
        sent_in_the_clear: false,
    };

    #[test]
    fn a_policy_forbids_what_a_camera_file_allows() {
        let anything =
            Watching { transport: Transport::Any, recorded: true, sent_in_the_clear: true, ..MASKED };
        assert_eq!(may_watch(None, anything), Ok(LivePolicy::Masked));
        for name in PolicyName::value_variants() {
            let mut policy = Policy::shipped(*name).expect("sound");
            let live = policy.cite(&policy.purpose.live.article);
            assert_ne!(policy.purpose.live.value, LivePolicy::Masked, "{name:?}: nobody only looks on");
            for (in_case, recorded) in [(false, false), (true, false), (false, true), (true, true)] {
                let told = may_watch(Some(&policy), Watching { recorded, in_case, ..MASKED });
                match (policy.purpose.live.value, recorded) {
                    (LivePolicy::Placement, false) => assert_eq!(told, Ok(LivePolicy::Placement)),
                    _ => assert_eq!(told.expect_err("forbidden").article, live, "{name:?}"),
                }
            }
            for (allowed, own, comes_to) in [
                (LivePolicy::Placement, LivePolicy::Masked, LivePolicy::Placement),
                (LivePolicy::Placement, LivePolicy::Forbidden, LivePolicy::Forbidden),
                (LivePolicy::Masked, LivePolicy::Masked, LivePolicy::Masked),
                (LivePolicy::Masked, LivePolicy::Placement, LivePolicy::Placement),
            ] {
                policy.purpose.live.value = allowed;
                assert_eq!(may_watch(Some(&policy), Watching { live: own, ..MASKED }), Ok(comes_to));
                for plain in [
                    Watching { transport: Transport::Any, ..MASKED },
                    Watching { sent_in_the_clear: true, ..MASKED },
                ] {
                    let refused = may_watch(Some(&policy), plain).expect_err("in the clear");
                    assert_eq!(refused.article, policy.cite(&policy.security.encrypted_transport.article));
                }
            }
            // A protocol that allows more still keeps the rest.
            let recorded = Watching { recorded: true, ..MASKED };
            let refused = may_watch(Some(&policy), recorded).expect_err("no case");
            assert_eq!(refused.article, policy.cite(&policy.purpose.causes.article));
            let recorded = Watching { in_case: true, ..recorded };
            let refused = may_watch(Some(&policy), recorded).expect_err("in the clear");
            assert_eq!(refused.article, policy.cite(&policy.security.encrypted_at_rest.article));
        }
    }
}
