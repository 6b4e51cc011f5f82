//! melkglas: redaction of surveillance footage. Everyone in a stored clip and every private region of its camera
//! is hidden; whatever is uncertain is covered; whatever fails leaves no file.
//!
//! This page is the floor plan: the way of a frame, the rooms, what must always hold and what holds it, and what is
//! absent on purpose. Why things are as they are stands in `docs/decisions.md`, what words mean in
//! `docs/glossary.md`.
//!
//! # The way of a frame
//!
//! ```text
//! Clip ──> Source ──RawFrame──> detect-0..n ──> in order ──> hold ──> plan ──> mask ──RedactedFrame──> Encoder
//! opened   decode               named threads,  again        until a   who is   consumes                x264,
//! once,    thread               a Detector                   look is   hidden   the raw                 mp4/mkv
//! read-    (GStreamer)          each            known                  picture                   (GStreamer)
//! only                                                                                              │
//!                                                                     PartialFile, hidden, mode 0600 <──┘
//!                                                                           │ fsync, ReadBack counts frames
//!                                                                           └──> rename to the final name
//! ```
//!
//! In two passes the way is cut before the plan: [`video::pipeline::analyse_clip`] notes what was seen in an
//! [`Analysis`](video::analysis::Analysis), [`video::pipeline::render_clip`] decodes again and asks it instead of
//! detectors.
//!
//! One call does all of it up to the rename: [`video::pipeline::redact_clip`]. Decoder and encoder are two GStreamer
//! pipelines that share nothing; between them frames move through bounded channels, by value, and a fixed number of
//! permits bounds how many are under way. A frame that no network looked at (the cadence may say so) waits until the
//! next look is known.
//!
//! # The rooms
//!
//! One package: two wings and a hall. Pixels live in [`video`], people and paper in [`casework`]; [`video`] never
//! imports [`casework`]. `tests/architecture.rs` reads the sources and fails where a room imports what it may not.
//!
//! [`video`], where pixels are:
//! - [`video::frame`]: [`RawFrame`](video::frame::RawFrame) and [`RedactedFrame`](video::frame::RedactedFrame), the
//!   two kinds of picture.
//! - [`video::source`]: a [`Clip`](video::source::Clip) opened read-only, its [`Source`](video::source::Source) of
//!   frames, what its container [`Declared`](video::source::Declared), the ear on the decoder's log.
//! - [`video::detect`]: [`Detector`](video::detect::Detector): persons and faces; the networks, their
//!   [`Manifest`](video::detect::Manifest), ONNX Runtime.
//! - [`video::appearance`]: what people wear, as statistics. [`video::follow`]: [`Following`](video::follow::Following):
//!   where a chosen subject certainly is, and where that is in doubt.
//! - [`video::track`]: [`Tracker`](video::track::Tracker): who is who over time, and where in between.
//! - [`video::scene`]: a camera's empty [`Scene`](video::scene::Scene), learned from clips, and the
//!   [`Witness`](video::scene::Witness) of what differs from it; whether the camera was [`moved`](fn@video::scene::moved).
//! - [`video::analysis`]: [`Analysis`](video::analysis::Analysis): what a first pass knows of a clip, in memory or as an
//!   [`AnalysisFile`](video::analysis::AnalysisFile); numbers, never pixels.
//! - [`video::plan`]: [`FramePlan`](video::plan::FramePlan): what becomes of every pixel of a frame, and
//!   [`Planner`](video::plan::Planner), who says so.
//! - [`video::mask`]: [`Masker`](video::mask::Masker), the only way from a raw frame to a redacted one.
//! - [`video::attack`]: who is told from others by what masks show; for measuring, gives out no pictures.
//! - [`video::sink`]: [`Encoder`](video::sink::Encoder), [`PartialFile`](video::sink::PartialFile),
//!   [`ReadBack`](video::sink::ReadBack).
//! - [`video::pipeline`]: a [`Job`](video::pipeline::Job) is one clip, one pass; or one still
//!   ([`redact_still`](video::pipeline::redact_still)); or a clip without an output
//!   ([`rehearse_clip`](video::pipeline::rehearse_clip)); also the masked still that zones are drawn on, the survey
//!   of clips for their empty scene ([`learn_scene`](video::pipeline::learn_scene)), and
//!   [`cut_crops`](video::pipeline::cut_crops), which with a warrant cuts people out for staff to look at.
//! - [`video::live`]: [`Live`](video::live::Live): cameras' streams by the same stages, in real time; what is not searched
//!   in time is covered. Viewers and recordings get [`Packet`](video::sink::Packet)s, which only an encoder of redacted
//!   frames makes (`tests/live.rs`).
//!
//! [`casework`], people and paper:
//! - [`HideEveryone`](casework::HideEveryone), [`Reveal`](casework::Reveal): the whole legal logic, pure.
//! - [`Rehearser`](casework::Rehearser): what reveals would show, held against [`Truth`](casework::Truth).
//! - [`Evaluator`](casework::Evaluator) holds hidden pixels against [`Truth`](casework::Truth), and never sees a picture:
//!   it is given what [`Masker::hidden`](video::mask::Masker::hidden) says of a plan.
//! - [`casework::case`]: cases by a corporation's protocol: the one table of what may be done
//!   ([`allowed`](casework::case::allowed)), the sealed store, clips at rest, releases, retention. What is planted in a
//!   case is found nowhere but in its papers and masked files, also after kills (`tests/end_to_end/release.rs`);
//!   `docs/walkthroughs.md` is run by `walkthroughs.rs` beside it.
//! - [`casework::audit`]: the [`AuditLog`](casework::audit::AuditLog) of acts that show somebody, and the
//!   [`Receipt`](casework::audit::Receipt) that it gives; showing, verifying and exporting it.
//! - [`casework::review`]: [`who_is_there`](casework::review::who_is_there), the contact
//!   [`Sheet`](casework::review::Sheet), and the [`ReviewPlace`](casework::review::ReviewPlace) in memory where raw crops
//!   lie for an hour.
//! - [`casework::package`]: what leaves the house, locked, signed, and checked by anybody. [`casework::paper`]: the forms and
//!   letters that go with it, as PDF.
//! - [`RecheckReport`](casework::RecheckReport): what a second look ([`look_again`](video::pipeline::look_again)) at a
//!   finished file means. [`RegisterRow`](casework::RegisterRow): what is on record about a camera, and late.
//!   [`Batch`](casework::Batch): many clips, resumed after a kill.
//! - [`Report`](casework::Report) and [`BoxesWriter`](casework::BoxesWriter): what is written down about a job.
//!
//! The hall:
//! - [`cli`]: the command line; [`cli::main`] is the whole program.
//! - [`config`]: [`Site`](config::Site), [`Camera`](config::Camera), [`Policy`](config::Policy) and
//!   [`Corrections`](config::Corrections), the only
//!   reader of `pipelines/` and of files like those; [`import`](fn@config::import) makes camera files of other tools'
//!   masks.
//! - [`error`]: [`Exit`](error::Exit) codes, and a [`Failure`](error::Failure) as a person reads it.
//! - [`geometry`]: sizes, boxes, polygons, each in a named space; rounding outward. [`moment`]: a moment of a clip as
//!   people write it.
//! - [`share`]: where models and library lie. [`digest`]: SHA-256. [`interrupt`]: stopping on request. [`lang`]: Dutch and English.
//!   [`telemetry`]: logs for engineers.
//!
//! # What must always hold, and what holds it
//!
//! Beside the tests named here, `tests/end_to_end/` makes whole runs fail and looks at what is left: `fail_closed.rs`
//! (the first three), `damage.rs` (spoilt and shortened clips), `leftovers.rs` (signals, full disks, links),
//! `redaction.rs` (codecs, times, zones, planted strings), `zoo.rs` (odd footage), `spoilt.rs` (cuts and
//! flipped bytes).
//!
//! **1. Fail closed.** No pixel that a mask should hide reaches an encoder, a file, a log or a screen.
//! - [`RawFrame`](video::frame::RawFrame) has no `Clone`, no `Debug` and no `Serialize`, and its samples cannot be
//!   read outside [`video`]; only [`video::mask`] makes a [`RedactedFrame`](video::frame::RedactedFrame), consuming
//!   the raw one; [`Encoder::push`](video::sink::Encoder::push) takes nothing else. Held by `compile_fail` examples
//!   in [`video::frame`] and by `only_masking_makes_redacted_frames_and_only_sinks_take_them_apart` in
//!   `tests/architecture.rs`.
//! - A [`FramePlan`](video::plan::FramePlan) is total. A plan for another frame size, a mask that cannot be placed, a
//!   damaged picture: [`Masker::redact`](video::mask::Masker::redact) covers the whole frame, whatever the plan says
//!   (`a_covered_frame_depends_on_nothing` in `video/mask/tests.rs`).
//! - A detector that returns an error covers its frame; so do boxes that are not numbers, turned inside out or far
//!   outside the frame ([`absurd`](video::detect::absurd)). A score that is not a number is an error, not an absence
//!   (`what_is_not_a_number_is_an_error`). More such frames than
//!   [`detector_faults`](config::LimitSettings::detector_faults), or a detector that does not come back
//!   ([`stall_secs`](config::LimitSettings::stall_secs)), and the job fails.
//! - What the decoder conceals is covered from the complaint to the next clean keyframe, and a stream that begins in
//!   mid-GOP until the first (`covers_until_a_clean_keyframe` in `video/source/concealment.rs`). A picture of another shape than the first is
//!   covered as well (`another_shape_is_covered`).
//! - Nobody who was found is dropped: every detection is in a track and a track is masked, before, between and after its
//!   sightings (`video/track`, its tests). Only an approved still of the empty scene clears anything, and never a face,
//!   never a track that moved, never in dim light. Frames too dark to tell are covered, a clip of a camera that was
//!   turned is refused (`tests/end_to_end/scene.rs`).
//! - A weight file with another hash, a missing execution provider, a manifest without a person or face model: nothing
//!   starts (`weights_with_another_hash_are_refused` and its neighbours in `video/detect/network_tests.rs`).
//! - Raw crops for staff ([`RawCrop`](video::pipeline::RawCrop)) are closed parcels that only the review storage opens, and
//!   that writes into folders in memory only, mode 0700, asked of the kernel for every file (`nothing_goes_to_a_disk` in
//!   `casework/review/storage_tests.rs`, `raw_crops_are_closed_parcels` in `tests/architecture.rs`,
//!   `tests/end_to_end/persons.rs`). Private regions are hidden on them too.
//! - The process writes no core dump and its memory is closed to other processes of the same user; variables that
//!   make GStreamer load or write things are dropped (`cli/harden.rs`; `melkglas doctor` looks whether it holds).
//!
//! **2. Nothing half-done under a final name.** [`PartialFile`](video::sink::PartialFile): hidden, mode 0600, locked,
//! removed when dropped, renamed only when whole; what a kill leaves behind goes at the next run
//! ([`sweep`](video::sink::sweep)). Its tests stand beside it. The source is opened read-only, once, and a clip that
//! changes while it is read fails the job ([`Clip::check_unchanged`](video::source::Clip::check_unchanged)). An output
//! that is an input or a settings file, by path, symbolic or hard link, is refused before anything is written
//! (`cli/outputs.rs`). Records are renamed before the clip, so a clip under its final name has its report;
//! where one of them fails, all are taken back and what `--force` had replaced is back ([`Placed`](video::sink::Placed)).
//!
//! **3. Every frame accounted for.** Each frame that goes to the detectors comes back in order or the job fails. The
//! written file is opened again: as many frames as were written, each within a millisecond of its time, one stream
//! ([`ReadBack::check`](video::sink::ReadBack::check)). Fewer frames than the container promises fail the job
//! unless that was accepted ([`Completeness`](video::pipeline::Completeness)); where the container promises nothing
//! the report says `unknown`. Covered frames are named in the [`Report`](casework::Report), with the reason.
//!
//! **4. Masked pixels say nothing.** Property tests in `video/mask/tests.rs`: what lies under a mask changes no byte, in
//! any style (`what_lies_under_a_mask_changes_nothing`), nor does what lies around it change one under it
//! (`what_lies_around_a_mask_changes_nothing_under_it`); `blur` and `pixelate` are at most
//! [`MOST_CELLS`](video::mask::MOST_CELLS) greys ([`MOST_HEAD_CELLS`](video::mask::MOST_HEAD_CELLS) for a head and a
//! correction) drawn by
//! lot (`a_mask_has_few_cells`), which stand still for a while
//! (`cells_stand_still_for_a_while_and_move_with_their_mask`), without colour (`inside_the_masks_no_colour_is_left`). What
//! masks tell all the same is measured: [`video::attack`], `benches/irrecoverable.rs`,
//! `clothes_are_told_in_the_open_and_guessed_under_masks` in `tests/end_to_end/attack.rs`. Further, every pixel that a polygon
//! touches is hidden (`a_polygon_hides_what_it_touches_and_no_more`); outside the masks nothing changes
//! (`outside_the_masks_nothing_changes`); the number of threads does not matter (`threads_do_not_matter`). Boxes round
//! outward to chroma pairs: [`PxRect::outward`](geometry::PxRect::outward)
//! (`outward_never_loses_a_touched_pixel`). Every detection lies under a mask (`every_detection_lies_under_a_mask` in
//! `casework/decide.rs`); NMS drops no box but the double of a better one (`only_doubles_are_dropped`). What staff
//! correct only ever adds to that (`corrections_only_ever_add` in `casework/corrections_tests.rs`).
//!
//! **5. Only what we wrote.** Nothing leaves [`video::source`] but decoded samples, their times and what the report
//! names. The encoder's pipeline is built from an `appsrc`; no element of it has seen the source.
//! [`ReadBack`](video::sink::ReadBack) refuses a file with more than one stream.
//!
//! **6. To reveal is an act.** There are two [`Planner`](video::plan::Planner)s, and nobody else can write one (the trait
//! is sealed): [`HideEveryone`](casework::HideEveryone), and [`Reveal`](casework::Reveal), which takes a
//! [`Receipt`](casework::audit::Receipt) that names this clip, this subject and these moments. Only an entry of the audit
//! log that is on the disk gives one (`an_act_stands_on_the_disk_before_it_is_done` in `casework/audit/tests.rs`,
//! `compile_fail` examples in [`casework::audit`] and on [`Reveal`](casework::Reveal), `only_the_log_makes_receipts` in
//! `tests/architecture.rs`). Whatever is done to the log is found (`casework/audit/verify_tests.rs`). What is shown is
//! little: [`Discretion`](casework::Discretion) shows the subject's box where [`Following`](video::follow::Following) is
//! certain who it is and nobody is near; masks of everybody else, zones and corrections stay
//! (`everyone_elses_masks_stay` in `casework/reveal_tests.rs`). To look at crops of people is an act as well:
//! [`cut_crops`](video::pipeline::cut_crops) takes a [`Warrant`](video::warrant::Warrant), which only a receipt gives (its
//! `compile_fail` examples; `crops_are_of_the_clip_and_the_kind_in_the_log_only` and
//! `what_cannot_be_recorded_does_not_happen` in `tests/end_to_end/persons.rs`).
//!
//! # Absent on purpose
//!
//! - **No `tee`, no remux.** No packet, tag, sound or subtitle of the source has a way into an output.
//! - **No pixels in temporary files**, and no cache (crops that staff asked for lie on a file system in memory, by an
//!   act). Frames live in memory, in buffers that are used again. (What the
//!   operating system swaps out is the machine's affair: encrypt its swap.)
//! - **No network** but what [`video::live`] needs: the cameras that are named, viewers who connect, and counts for
//!   Prometheus. Clips need none, nor does the build; ONNX Runtime reports nothing to its maker and keeps nothing for it (`cli/harden.rs`).
//! - **No `unsafe`**: forbidden in `Cargo.toml`.
//! - **No silent second choice**: no fallback to the processor, to another model or to default settings unless a
//!   setting asks for it; a bad setting means that nothing starts.
//! - **No unbounded channel and no growing memory**, whatever a header declares
//!   ([`max_megapixels`](config::LimitSettings::max_megapixels)): per frame of a clip, eight bytes of presentation time are kept,
//!   and the report's stretches. The first of two passes keeps boxes as well, some hundred bytes a frame and person.
//! - **No async runtime**: the work is arithmetic on named threads.
//!
//! Not there *yet*, and nothing pretends otherwise: a review screen.

pub mod casework;
pub mod cli;
pub mod config;
pub mod digest;
pub mod error;
pub mod geometry;
pub mod interrupt;
pub mod lang;
pub mod moment;
pub mod share;
pub mod telemetry;
pub mod video;

/// The allocator of the whole process, of the C libraries as well: between its threads the C library's own keeps a
/// fifth of a job's memory for itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
