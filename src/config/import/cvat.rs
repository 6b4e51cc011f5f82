//! CVAT's XML, version 1.1: "for images" with shapes per image, "for video" with tracks of shapes per frame; of a
//! task, or of a project of several tasks, each with pictures of its own size.
//!
//! The form: <https://docs.cvat.ai/docs/manual/advanced/xml_format/>.

use super::pictures::{Picture, candidates, several};
use super::shape::{around, around_ellipse, rectangle, turned};
use super::{CoordinateUnit, Fault, Shape, Sheet, frame_of};
use crate::geometry::FrameSize;
use roxmltree::{Document, Node, ParsingOptions};

/// Most nodes of a file: a track has a handful for each of its frames.
const MOST_NODES: u32 = 2_000_000;

pub(super) fn read(text: &str, task: Option<&str>, image: Option<&str>) -> Result<Sheet, Fault> {
    // Entities are not expanded: a document type is refused by default.
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let doc = Document::parse_with_options(text, options).map_err(|e| {
        let line = usize::try_from(e.pos().row).ok();
        let what = e.to_string();
        let what = what.split(" at ").next().unwrap_or(&what);
        Fault::form(line, format!("this XML cannot be read: {what}"))
    })?;
    let root = doc.root_element();
    if !root.has_tag_name("annotations") {
        let what = format!("this is not a CVAT file: it begins with <{}>", root.tag_name().name());
        return Err(Fault::form(line(root), what));
    }
    let tasks = tasks(root)?;
    let task = choose(&tasks, task)?;
    let mut sheet = Sheet { frame: task.and_then(|task| task.frame), ..Sheet::default() };
    if let Some(task) = task.filter(|_| tasks.len() > 1) {
        sheet.notes.push(format!("of {} tasks only {} was read", tasks.len(), task.named()));
    }
    let mut pictures = Vec::new();
    for node in root.children().filter(Node::is_element) {
        let form = node.tag_name().name();
        match form {
            "version" | "meta" => {}
            "image" | "track" if !belongs(node, task, tasks.len())? => {}
            "image" => pictures.push(picture(node)?),
            "track" => read_track(&mut sheet, node)?,
            _ => return Err(unknown(node, &at(node))),
        }
    }
    let pictures = candidates(pictures, image)?;
    put_together(&mut sheet, pictures)?;
    Ok(sheet)
}

/// A task of a file.
struct Task<'d> {
    id: &'d str,
    name: &'d str,
    /// `original_size`, where it is a video.
    frame: Option<FrameSize>,
}

impl Task<'_> {
    fn named(&self) -> String {
        if self.name.is_empty() { self.id.to_owned() } else { format!("{} (task {})", self.name, self.id) }
    }
}

/// The tasks (or the job) of a file, and those that only its shapes name.
fn tasks<'d>(root: Node<'d, '_>) -> Result<Vec<Task<'d>>, Fault> {
    let meta = root.children().filter(|node| node.has_tag_name("meta"));
    let is_task = |node: &Node<'_, '_>| node.has_tag_name("task") || node.has_tag_name("job");
    let mut found: Vec<Task<'d>> = Vec::new();
    for node in meta.flat_map(|meta| meta.descendants()).filter(is_task) {
        let text = |name: &str| {
            let child = node.children().find(|child| child.has_tag_name(name));
            child.and_then(|child| child.text()).map(str::trim).unwrap_or_default()
        };
        found.push(Task { id: text("id"), name: text("name"), frame: original_size(node)? });
    }
    let named = root.children().filter_map(|node| node.attribute("task_id"));
    for id in named {
        if found.iter().all(|task| task.id != id) {
            found.push(Task { id, name: "", frame: None });
        }
    }
    Ok(found)
}

/// The task that is meant: by its number, or by its name where no other has that. None where the file names none.
fn choose<'t, 'd>(tasks: &'t [Task<'d>], pick: Option<&str>) -> Result<Option<&'t Task<'d>>, Fault> {
    let fits = |task: &&Task<'_>| pick.is_none_or(|pick| task.id == pick || task.name == pick);
    let found: Vec<&Task<'d>> = tasks.iter().filter(fits).collect();
    let asked = match (found.as_slice(), pick) {
        ([one], _) => return Ok(Some(one)),
        ([], None) => return Ok(None),
        ([], Some(pick)) => format!("it has no task named {pick}"),
        (_, Some(pick)) => format!("several of its tasks are named {pick}"),
        (_, None) => "it has several tasks, and the zones of each belong to a camera of its own".to_owned(),
    };
    let names: Vec<String> = tasks.iter().map(Task::named).collect();
    let cure = "name the one that was drawn on this camera's picture: --task NAME, or --task NUMBER";
    Err(Fault::ask(format!("{asked}; there are {}", names.join(", ")), cure))
}

/// Whether an image or a track is of the task that is meant.
fn belongs(node: Node<'_, '_>, task: Option<&Task<'_>>, tasks: usize) -> Result<bool, Fault> {
    let Some(task) = task else { return Ok(true) };
    match node.attribute("task_id") {
        Some(id) => Ok(id == task.id),
        None if tasks == 1 => Ok(true),
        None => Err(Fault::ask(
            format!(
                "{}: of several tasks it does not say to which this <{}> belongs",
                at(node),
                node.tag_name().name()
            ),
            "export each task from CVAT by itself, and import the one of this camera",
        )),
    }
}

/// `original_size` of a video task.
fn original_size(task: Node<'_, '_>) -> Result<Option<FrameSize>, Fault> {
    let Some(size) = task.descendants().find(|node| node.has_tag_name("original_size")) else {
        return Ok(None);
    };
    let side = |name: &str| {
        let text = size.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text());
        text.and_then(|text| text.trim().parse::<f64>().ok())
    };
    let frame = side("width").zip(side("height")).and_then(|(width, height)| frame_of(width, height));
    frame
        .map(Some)
        .ok_or_else(|| Fault::form(line(size), "original_size holds no width and height in pixels"))
}

fn picture(image: Node<'_, '_>) -> Result<Picture, Fault> {
    let (width, height) = (number(&image, "width")?, number(&image, "height")?);
    let frame = frame_of(width, height)
        .ok_or_else(|| Fault::form(line(image), format!("no picture is {width} x {height} pixels")))?;
    let mut sheet = Sheet { frame: Some(frame), ..Sheet::default() };
    for node in image.children().filter(Node::is_element) {
        let label = node.attribute("label").unwrap_or_default();
        if let Some(corners) = corners(&mut sheet, node, label)? {
            attributes(&mut sheet, node, label);
            let place = at(node);
            sheet.shapes.push(Shape {
                label: label.to_owned(),
                place,
                corners,
                unit: CoordinateUnit::Pixels,
            });
        }
    }
    let names = ["name", "id"].into_iter().filter_map(|name| image.attribute(name));
    Ok(Picture { names: names.map(str::to_owned).collect(), sheet })
}

/// The shapes of pictures of one size are one camera's: what lies still was drawn on any of them. Of several sizes
/// nobody can tell whose they are.
fn put_together(sheet: &mut Sheet, pictures: Vec<Picture>) -> Result<(), Fault> {
    let frames = || pictures.iter().map(|picture| picture.sheet.frame);
    if frames().zip(frames().skip(1)).any(|(a, b)| a != b) {
        return Err(several(&pictures));
    }
    let Some(frame) = frames().next().flatten() else { return Ok(()) };
    if sheet.frame.is_some_and(|said| said != frame) && !sheet.shapes.is_empty() {
        let what = "its tracks and its images were drawn on pictures of different sizes";
        return Err(Fault::ask(what, "export them from CVAT apart"));
    }
    sheet.frame = Some(frame);
    let count = pictures.len();
    for picture in pictures {
        sheet.shapes.extend(picture.sheet.shapes);
        sheet.notes.extend(picture.sheet.notes);
    }
    if count > 1 {
        let what = format!("the shapes of {count} images are put together; --image NAME takes one image's");
        sheet.notes.push(what);
    }
    Ok(())
}

fn unknown(node: Node<'_, '_>, named: &str) -> Fault {
    let form = node.tag_name().name();
    Fault::form(
        None,
        format!("{named}: <{form}> is not known here; draw it as a polygon, or take it out of the file"),
    )
}

/// A track that lies still is a region. One that moves is not.
fn read_track(sheet: &mut Sheet, track: Node<'_, '_>) -> Result<(), Fault> {
    let label = track.attribute("label").unwrap_or_default();
    let shown = |node: &Node<'_, '_>| node.is_element() && node.attribute("outside") != Some("1");
    let mut still: Option<(Node<'_, '_>, Vec<(f64, f64)>)> = None;
    let notes = sheet.notes.len();
    for node in track.children().filter(shown) {
        let Some(corners) = corners(sheet, node, label)? else {
            // One sentence for a track, not one for each of its frames.
            sheet.notes.truncate(notes + 1);
            return Ok(());
        };
        match &still {
            None => still = Some((node, corners)),
            Some((_, first)) if *first == corners => {}
            Some(_) => {
                sheet.notes.truncate(notes);
                let what = "it moves from frame to frame, and a zone does not; left out: draw a zone around its way, \
                            or none if it is a person or a thing";
                sheet.note(&named(track, label), what);
                return Ok(());
            }
        }
        // What was said of the first frame's shape holds for the others, which are the same.
        sheet.notes.truncate(notes + 1);
    }
    let Some((node, corners)) = still else {
        sheet.note(&named(track, label), "it is shown in no frame; left out");
        return Ok(());
    };
    attributes(sheet, node, label);
    sheet.shapes.push(Shape {
        label: label.to_owned(),
        place: at(track),
        corners,
        unit: CoordinateUnit::Pixels,
    });
    Ok(())
}

/// The outline of a shape; `None`, with a note, for what encloses nothing or is not known.
fn corners(sheet: &mut Sheet, node: Node<'_, '_>, label: &str) -> Result<Option<Vec<(f64, f64)>>, Fault> {
    let named = named(node, label);
    let rotation = if node.has_attribute("rotation") { number(&node, "rotation")? } else { 0.0 };
    let form = node.tag_name().name();
    Ok(Some(match form {
        "polygon" => points(node)?,
        // One that ends where it began encloses something.
        "polyline" if points(node).is_ok_and(|found| found.len() > 3 && found.first() == found.last()) => {
            points(node)?
        }
        "box" => {
            let (a, b) = (
                (number(&node, "xtl")?, number(&node, "ytl")?),
                (number(&node, "xbr")?, number(&node, "ybr")?),
            );
            turned(rectangle(a, b), ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0), rotation)
        }
        "ellipse" => {
            sheet.note(&named, "an ellipse is taken over as a polygon of 16 sides around it");
            let centre = (number(&node, "cx")?, number(&node, "cy")?);
            around_ellipse(centre, (number(&node, "rx")?, number(&node, "ry")?), rotation)
        }
        "mask" => {
            sheet.note(&named, "a mask is taken over as the rectangle around it");
            let (left, top) = (number(&node, "left")?, number(&node, "top")?);
            rectangle((left, top), (left + number(&node, "width")?, top + number(&node, "height")?))
        }
        "cuboid" => {
            sheet.note(&named, "a cuboid is taken over as the region around it");
            let corner =
                |name: &str| Ok((number(&node, &format!("x{name}"))?, number(&node, &format!("y{name}"))?));
            let names = ["tl1", "tr1", "bl1", "br1", "tl2", "tr2", "bl2", "br2"];
            around(&names.into_iter().map(corner).collect::<Result<Vec<_>, Fault>>()?)
        }
        "polyline" | "points" | "tag" | "skeleton" => {
            let several = form.trim_end_matches('s');
            sheet.note(&named, format!("{several}s are no region of the picture; left out"));
            return Ok(None);
        }
        _ => return Err(unknown(node, &named)),
    }))
}

fn attributes(sheet: &mut Sheet, node: Node<'_, '_>, label: &str) {
    let named_by = |child: Node<'_, '_>| child.attribute("name").unwrap_or_default().to_owned();
    let found: Vec<String> =
        node.children().filter(|child| child.has_tag_name("attribute")).map(named_by).collect();
    if !found.is_empty() {
        sheet.note(&named(node, label), format!("attributes are not carried over: {}", found.join(", ")));
    }
}

/// `x,y;x,y;...`
fn points(node: Node<'_, '_>) -> Result<Vec<(f64, f64)>, Fault> {
    let text = node.attribute("points").unwrap_or_default();
    let pair = |pair: &str| {
        let (x, y) = pair.split_once(',')?;
        let read = |v: &str| v.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        Some((read(x)?, read(y)?))
    };
    let found: Option<Vec<_>> = text.split(';').map(pair).collect();
    found
        .filter(|found| found.len() >= 3)
        .ok_or_else(|| Fault::form(line(node), "a polygon's points are not x,y;x,y;x,y in numbers"))
}

fn number(node: &Node<'_, '_>, name: &str) -> Result<f64, Fault> {
    let found = node.attribute(name).and_then(|text| text.trim().parse::<f64>().ok());
    found.filter(|v| v.is_finite()).ok_or_else(|| {
        Fault::form(line(*node), format!("<{}> has no number called {name}", node.tag_name().name()))
    })
}

fn line(node: Node<'_, '_>) -> Option<usize> {
    usize::try_from(node.document().text_pos_at(node.range().start).row).ok()
}

/// Where it stands, for people.
fn at(node: Node<'_, '_>) -> String {
    line(node).map_or_else(|| node.tag_name().name().to_owned(), |line| format!("line {line}"))
}

fn named(node: Node<'_, '_>, label: &str) -> String {
    format!("{} \"{label}\"", at(node))
}
