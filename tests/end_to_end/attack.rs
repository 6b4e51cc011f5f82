//! What masks give away of whom they hide: the attack of `video::attack` on four people who could not be dressed more
//! differently.

use crate::film::{Film, H264, Picture, steady};
use melkglas::casework::HideEveryone;
use melkglas::config::{LimitSettings, MaskSettings, Style};
use melkglas::geometry::BoxPx;
use melkglas::interrupt::Interrupt;
use melkglas::video::attack::{Attack, Gallery, Matcher, Region, Shown, Sighted, Trial, attack_clip};
use melkglas::video::plan::Planner;
use melkglas::video::source::Clip;

const FRAMES: u64 = 40;
const PEOPLE: usize = 4;
/// Jacket and trousers.
const CLOTHES: [[[u8; 3]; 2]; PEOPLE] = [
    [[10, 10, 10], [10, 10, 10]],
    [[245, 245, 245], [245, 245, 245]],
    [[200, 30, 30], [20, 20, 60]],
    [[20, 20, 60], [220, 220, 120]],
];
/// Width and height of each of them.
const SIZE: (usize, usize) = (32, 80);

fn place(who: usize, frame: usize) -> (usize, usize) {
    // To and fro, each before the same grain as the others.
    let step = (frame * 3 + who * 7) % 24;
    (10 + 76 * who + 2 * step.min(24 - step), 50 + 2 * (frame % 5))
}

fn paint(frame: usize, picture: &mut Picture) {
    picture.grain(frame);
    for (who, [jacket, trousers]) in CLOTHES.into_iter().enumerate() {
        let ((x, y), (w, h)) = (place(who, frame), SIZE);
        picture.rect(x, y, w, h / 2, jacket);
        picture.rect(x, y + h / 2, w, h / 2, trousers);
    }
}

/// Every person in every frame, attacked in every style.
fn trials() -> Vec<Trial> {
    let _turn = crate::job::turn();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clip.mp4");
    let through = format!("{H264} ! mp4mux");
    Film { size: (320, 180), times_ms: steady(FRAMES), through: &through, paint: &paint, tags: None }
        .shoot(&path);
    let people: Vec<Sighted> = (0..FRAMES as usize)
        .flat_map(|frame| (0..PEOPLE).map(move |who| (frame, who)))
        .map(|(frame, who)| {
            let (x, y) = place(who, frame);
            let [x0, y0, x1, y1] = [x, y, x + SIZE.0, y + SIZE.1].map(|edge| edge as f32);
            Sighted { frame: frame as u64, identity: who as i64, area: BoxPx::new(x0, y0, x1, y1) }
        })
        .collect();
    let mask = MaskSettings::default();
    let planners = [Style::Fill, Style::Blur, Style::Pixelate]
        .map(|style| (style, HideEveryone::new(None, mask.clone(), Some(style))));
    let planners = planners.each_ref().map(|(style, planner)| (*style, planner as &dyn Planner));
    let (limits, interrupt) = (LimitSettings::default(), Interrupt::default());
    let attack = Attack {
        people: &people,
        planners: &planners,
        mask: &mask,
        draws: 8,
        limits: &limits,
        interrupt: &interrupt,
    };
    let clip = Clip::open(&path).expect("a clip");
    attack_clip(&clip, &attack).expect("it can be decoded")
}

#[test]
fn clothes_are_told_in_the_open_and_guessed_under_masks() {
    let trials = trials();
    let guess = 1.0 / PEOPLE as f64;
    let mean = |of: fn(&Trial) -> f64, which: &dyn Fn(&&Trial) -> bool| {
        let of_content = trials.iter().filter(|t| t.matcher != Matcher::Size).filter(which);
        let all: Vec<f64> = of_content.map(of).collect();
        assert!(!all.is_empty());
        all.iter().sum::<f64>() / all.len() as f64
    };
    for shown in [Shown::Clear, Shown::Mosaic] {
        let told =
            mean(|t| t.right, &|t| t.shown == shown && t.region == Region::Body && t.matcher == Matcher::All);
        assert!(told > 0.9, "the attack is no good: {told} of {shown:?}");
    }
    for t in trials.iter().filter(|t| t.shown == Shown::Masked(Style::Fill) && t.matcher != Matcher::Size) {
        assert!((t.right - guess).abs() < 1e-9 && (t.right_pooled - guess).abs() < 1e-9, "{t:?}");
    }
    for style in [Style::Blur, Style::Pixelate] {
        for gallery in [Gallery::Clear, Gallery::Same] {
            for of in [(|t| t.right) as fn(&Trial) -> f64, |t| t.right_pooled] {
                let told = mean(of, &|t| t.shown == Shown::Masked(style) && t.gallery == gallery);
                assert!(told <= 1.5 * guess, "{style:?}, {gallery:?}: {told}");
            }
        }
    }
}
