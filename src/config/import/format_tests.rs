//! COCO, VIA, Label Studio and SVG, recognised by what stands in them.

use super::tests::{NONE, check_file, inside, with, zones};
use super::*;
use proptest::prelude::*;

fn take(text: &str, wishes: &ImportWishes<'_>) -> Imported {
    let found = with(text, None, wishes).expect(text);
    check_file(&found);
    found
}

fn refused(text: &str, wishes: &ImportWishes<'_>) -> String {
    with(text, None, wishes).expect_err(text).to_string()
}

/// COCO annotations on a picture of 200x100, number 7, and one of 400x300 without any.
fn coco(annotations: &str) -> String {
    format!(
        "{{\"images\": [{{\"id\": 7, \"file_name\": \"cams/hall.jpg\", \"width\": 200, \"height\": 100}},
          {{\"id\": 8, \"file_name\": \"yard.jpg\", \"width\": 400, \"height\": 300}}],
         \"categories\": [{{\"id\": 1, \"name\": \"voordeur\"}}, {{\"id\": 2, \"name\": \"raam\"}}],
         \"annotations\": [{annotations}]}}"
    )
}

#[test]
fn coco_polygons_boxes_and_runs_become_zones() {
    let found = take(
        &coco(
            "{\"id\": 1, \"image_id\": 7, \"category_id\": 1, \"bbox\": [0, 0, 1, 1],
              \"segmentation\": [[20, 10, 60, 10, 60, 50], [100, 0, 200, 0, 200, 50]]},
             {\"id\": 2, \"image_id\": 7, \"category_id\": 2, \"bbox\": [20, 10, 30, 40], \"segmentation\": []},
             {\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"iscrowd\": 1,
              \"segmentation\": {\"size\": [100, 200], \"counts\": [2010, 20, 80, 20, 780, 20, 17070]}},
             {\"id\": 4, \"image_id\": 7, \"category_id\": 9, \"bbox\": [150, 50, 20, 40],
              \"attributes\": {\"rotation\": 90.0}}",
        ),
        &NONE,
    );
    assert_eq!(found.frame, FrameSize { width: 200, height: 100 });
    assert_eq!(
        zones(&found),
        [
            "door voordeur: 100,100 300,100 300,500",
            "door voordeur 2: 500,0 1000,0 1000,500",
            "window raam: 100,100 250,100 250,500 100,500",
            // Columns 20 and 21, and 29; rows 10 to 29.
            "window raam 2: 100,100 150,100 150,300 100,300",
            "other category 9: 8 corners",
        ]
        .map(|zone| zone
            .replace("8 corners", "700,600 750,500 850,500 900,600 900,800 850,900 750,900 700,800"))
    );
    assert!(
        found.notes.contains(&"of 2 pictures only cams/hall.jpg has shapes".to_owned()),
        "{:?}",
        found.notes
    );
}

#[test]
fn coco_runs_are_read_compressed_and_held_against_their_picture() {
    // [2010, 20, 80, 20, 780, 20, 17070], as `rleToString` writes it.
    let mask = |size: &str, counts: &str| {
        coco(&format!(
            "{{\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"segmentation\": {{\"size\": {size}, \"counts\": {counts}}}}}"
        ))
    };
    let compressed = take(&mask("[100, 200]", "\"jn1d0`20le00Rm?\""), &NONE);
    assert_eq!(zones(&compressed), ["window raam: 100,100 150,100 150,300 100,300"]);
    for (size, counts, says) in [
        ("[100, 200]", "[5, 5]", "annotation 3 \"raam\": the runs of its mask do not make up a picture"),
        ("[100, 200]", "\"~\"", "the runs of its mask"),
        ("[200, 100]", "[20000]", "its mask is 100x200 pixels large"),
        ("[100]", "[20000]", "its mask has no size"),
    ] {
        let error = refused(&mask(size, counts), &NONE);
        assert!(error.contains(says), "{says}: {error}");
    }
    let empty = take(&mask("[100, 200]", "[20000]"), &NONE);
    assert!(empty.zones.is_empty() && empty.notes.iter().any(|note| note.contains("its mask is empty")));
}

#[test]
fn of_several_labelled_pictures_one_is_asked_for() {
    let door = |image| {
        format!(
            "{{\"id\": {image}, \"image_id\": {image}, \"category_id\": 1, \"bbox\": [100, 50, 100, 50]}}"
        )
    };
    let file = coco(&[door(7), door(8)].join(","));
    let ask = refused(&file, &NONE);
    assert!(ask.ends_with("it has cams/hall.jpg (200x100), yard.jpg (400x300)"), "{ask}");
    for (image, zone) in [
        ("hall.jpg", "door voordeur: 500,500 1000,500 1000,1000 500,1000"),
        ("cams/hall.jpg", "door voordeur: 500,500 1000,500 1000,1000 500,1000"),
        ("8", "door voordeur: 250,167 500,167 500,333 250,333"),
    ] {
        assert_eq!(zones(&take(&file, &ImportWishes { image: Some(image), ..NONE })), [zone]);
    }
    let nobody = coco("{\"id\": 4, \"image_id\": 9, \"category_id\": 1, \"bbox\": [0, 0, 9, 9]}");
    assert!(refused(&nobody, &NONE).contains("annotation 4 \"voordeur\": the file has no image"));
    let nothing = coco("{\"id\": 4, \"image_id\": 7, \"category_id\": 1}");
    assert!(
        refused(&nothing, &NONE).contains("annotation 4 \"voordeur\": it has no segmentation, and no bbox")
    );
}

const VIA_SHAPES: [(&str, &str); 7] = [
    ("{\"name\":\"rect\",\"x\":20,\"y\":10,\"width\":30,\"height\":40}", "{\"type\":\"voordeur\"}"),
    (
        "{\"name\":\"polygon\",\"all_points_x\":[100,200,200],\"all_points_y\":[0,0,50]}",
        "{\"type\":{\"raam\":true,\"tuin\":false}}",
    ),
    ("{\"name\":\"circle\",\"cx\":100,\"cy\":50,\"r\":10}", "{\"type\":\"spiegel\"}"),
    ("{\"name\":\"ellipse\",\"cx\":100,\"cy\":50,\"rx\":40,\"ry\":10,\"theta\":1.5707963}", "{}"),
    (
        "{\"name\":\"polyline\",\"all_points_x\":[0,20,20],\"all_points_y\":[50,50,100]}",
        "{\"nr\":\"12\",\"type\":\"straat\"}",
    ),
    ("{\"name\":\"polyline\",\"all_points_x\":[0,20],\"all_points_y\":[50,50]}", "{\"type\":\"kerb\"}"),
    ("{\"name\":\"point\",\"cx\":3,\"cy\":4}", "{}"),
];

fn via_json() -> String {
    let regions: Vec<String> = VIA_SHAPES
        .iter()
        .map(|(shape, attributes)| {
            format!("{{\"shape_attributes\":{shape},\"region_attributes\":{attributes}}}")
        })
        .collect();
    format!(
        "{{\"a.jpg55\":{{\"filename\":\"a.jpg\",\"size\":55,\"regions\":[{}],\"file_attributes\":{{}}}},\
         \"b.jpg66\":{{\"filename\":\"b.jpg\",\"size\":66,\"regions\":[],\"file_attributes\":{{}}}}}}",
        regions.join(",")
    )
}

fn via_csv() -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut file = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
        .to_owned();
    for (index, (shape, attributes)) in VIA_SHAPES.iter().enumerate() {
        file += &format!("a.jpg,55,\"{{}}\",7,{index},{},{}\r\n", quoted(shape), quoted(attributes));
    }
    file + "b.jpg,66,\"{}\",0,0,\"{}\",\"{}\"\n"
}

#[test]
fn via_regions_become_zones_from_json_and_csv() {
    let frame = Some(FrameSize { width: 200, height: 100 });
    let project =
        format!("{{\"_via_settings\":{{}},\"_via_img_metadata\":{},\"_via_attributes\":{{}}}}", via_json());
    for file in [via_json(), via_csv(), project] {
        let ask = refused(&file, &NONE);
        assert!(ask.ends_with("it does not say how large its picture is"), "{ask}");
        let found = take(&file, &ImportWishes { frame, ..NONE });
        assert_eq!(
            zones(&found),
            [
                "door voordeur: 100,100 250,100 250,500 100,500",
                "window raam: 500,0 1000,0 1000,500",
                "mirror spiegel: 16 corners",
                "other other: 16 corners",
                "street 12 straat: 0,500 100,500 100,1000",
            ]
        );
        let turned = found.zones[3].polygon.points();
        let reach = |of: fn(&crate::geometry::UnitPoint) -> f64| turned.iter().map(of).fold(0.0, f64::max);
        assert!((reach(|p| p.x) - 0.55).abs() < 0.003 && (reach(|p| p.y) - 0.9).abs() < 0.01, "{turned:?}");
        let said = found.notes.join("\n");
        for part in [
            "of 2 pictures only a.jpg",
            "polyline is taken over",
            "a polyline of 2 points",
            "a point encloses nothing",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let unknown = via_json().replace("\"name\":\"rect\"", "\"name\":\"extreme_rect\"");
    let error = refused(&unknown, &ImportWishes { frame, ..NONE });
    assert!(
        error.contains("a.jpg, region 1 \"voordeur\": shapes called \"extreme_rect\" are not known"),
        "{error}"
    );
    let both = via_csv()
        + "b.jpg,66,\"{}\",1,0,\"{\"\"name\"\":\"\"rect\"\",\"\"x\"\":0,\"\"y\"\":0,\"\"width\"\":9,\"\"height\"\":9}\",\"{}\"\n";
    assert!(refused(&both, &ImportWishes { frame, ..NONE }).ends_with("it has a.jpg, b.jpg"));
    let open = via_csv() + "\"a.jpg";
    assert!(refused(&open, &NONE).contains("line 10: a quotation mark is not closed"));
    let third = "{\"project\":{},\"metadata\":{},\"view\":{},\"file\":{}}";
    assert!(refused(third, &NONE).contains("version 3"));
}

fn studio(regions: &str) -> String {
    format!(
        "[{{\"id\": 3, \"data\": {{\"image\": \"/data/upload/1/ab12-hall.jpg\"}}, \"predictions\": [{{\"result\": []}}],
          \"annotations\": [{{\"id\": 9, \"was_cancelled\": false, \"result\": [{regions}]}}]}}]"
    )
}

fn studio_region(kind: &str, value: &str) -> String {
    format!(
        "{{\"id\": \"r1\", \"type\": \"{kind}\", \"original_width\": 400, \"original_height\": 200, \"image_rotation\": 0, \
         \"value\": {{{value}}}}}"
    )
}

#[test]
fn label_studio_regions_become_zones() {
    let of = |kind: &str, value: &str| zones(&take(&studio(&studio_region(kind, value)), &NONE)).join("; ");
    assert_eq!(
        of("polygonlabels", "\"points\": [[10, 20], [30, 20], [30, 60]], \"polygonlabels\": [\"voordeur\"]"),
        "door voordeur: 100,200 300,200 300,600"
    );
    let rectangle = "\"x\": 50, \"y\": 10, \"width\": 20, \"height\": 40, \"rectanglelabels\": [\"raam\"]";
    assert_eq!(
        of("rectanglelabels", &format!("{rectangle}, \"rotation\": 0")),
        "window raam: 500,100 700,100 700,500 500,500"
    );
    // Turned clockwise about its first corner, in pixels: 80 pixels across become 80 down.
    assert_eq!(
        of("rectanglelabels", &format!("{rectangle}, \"rotation\": 90")),
        "window raam: 500,100 500,500 300,500 300,100"
    );
    let ellipse = "\"x\": 50, \"y\": 50, \"radiusX\": 10, \"radiusY\": 20, \"rotation\": 0, \"ellipselabels\": [\"spiegel\"]";
    assert_eq!(of("ellipselabels", ellipse), "mirror spiegel: 16 corners");
    // A label that is an entry of its own.
    let plain =
        studio_region("rectangle", "\"x\": 0, \"y\": 0, \"width\": 50, \"height\": 50, \"rotation\": 0");
    let labels =
        studio_region("labels", "\"x\": 0, \"y\": 0, \"width\": 50, \"height\": 50, \"labels\": [\"tuin\"]");
    assert_eq!(
        zones(&take(&studio(&format!("{plain},{labels}")), &NONE)),
        ["garden tuin: 0,0 500,0 500,500 0,500"]
    );
    let min = "[{\"image\": \"/data/hall.jpg\", \"id\": 3, \"label\": [{\"x\": 50, \"y\": 10, \"width\": 20, \"height\": 40, \
               \"rotation\": 0, \"rectanglelabels\": [\"raam\"], \"original_width\": 400, \"original_height\": 200}]}]";
    assert_eq!(zones(&take(min, &NONE)), ["window raam: 500,100 700,100 700,500 500,500"]);
}

#[test]
fn what_label_studio_leaves_open_is_refused_by_name() {
    for (region, says) in [
        (
            studio_region("videorectangle", "\"labels\": [\"deur\"]"),
            "region r1 \"deur\": regions of type videorectangle",
        ),
        (
            studio_region(
                "brushlabels",
                "\"format\": \"rle\", \"rle\": [0, 1, 2], \"brushlabels\": [\"raam\"]",
            ),
            "region r1 \"raam\": its brush is no picture of its size",
        ),
        (
            studio_region("rectanglelabels", "\"x\": 1, \"y\": 1, \"width\": 9, \"height\": 9")
                .replace("\"image_rotation\": 0", "\"image_rotation\": 90"),
            "the picture was turned in Label Studio",
        ),
        (
            studio_region("rectanglelabels", "\"x\": 1, \"y\": 1, \"width\": 9"),
            "a rectanglelabels has no number called height",
        ),
        (
            studio_region("rectanglelabels", "\"x\": 1").replace("\"original_width\": 400,", ""),
            "it has no original_width and original_height",
        ),
    ] {
        let error = refused(&studio(&region), &NONE);
        assert!(error.contains(says), "{says}: {error}");
    }
    let rectangle = studio_region("rectanglelabels", "\"x\": 1, \"y\": 1, \"width\": 9, \"height\": 9");
    let one = studio(&rectangle);
    let two =
        format!("[{},{}]", &one[1..one.len() - 1], one[1..one.len() - 1].replace("ab12-hall", "cd34-yard"));
    assert!(refused(&two, &NONE).contains("it has shapes on 2 images"), "{}", refused(&two, &NONE));
    let yard = ImportWishes { image: Some("cd34-yard.jpg"), ..NONE };
    assert_eq!(take(&two, &yard).zones.len(), 1);
}

fn svg(attributes: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" {attributes}>\n{inner}\n</svg>"
    )
}

/// Zones of a drawing on a page of 200x100.
fn drawn(inner: &str) -> Vec<String> {
    zones(&take(&svg("width=\"200\" height=\"100\"", inner), &NONE))
}

#[test]
fn svg_shapes_become_zones() {
    assert_eq!(
        drawn("<rect id=\"voordeur\" x=\"20\" y=\"10\" width=\"30\" height=\"40\" rx=\"3\"/>"),
        ["door voordeur: 100,100 250,100 250,500 100,500"]
    );
    assert_eq!(
        drawn("<g id=\"ramen\"><polygon id=\"p1\" points=\"100,0 200,0 200 50\"/></g><title>x</title>"),
        ["window ramen p1: 500,0 1000,0 1000,500"]
    );
    assert_eq!(drawn("<ellipse cx=\"100\" cy=\"50\" rx=\"20\" ry=\"9\"/>"), ["other other: 16 corners"]);
    // Relative and absolute, repeated without letters, numbers without gaps, two outlines.
    let path = "<path id=\"deur\" d=\"m20,10h30v40H20z M100 0l100-0 0 50-1e1.5z\"/>";
    assert_eq!(
        drawn(path),
        ["door deur: 100,100 250,100 250,500 100,500", "door deur 2: 500,0 1000,0 1000,500 950,505"]
    );
    for inner in [
        "<g transform=\"translate(20 10) scale(2)\"><rect id=\"deur\" width=\"15\" height=\"20\"/></g>",
        "<rect id=\"deur\" width=\"30\" height=\"40\" transform=\"matrix(1,0,0,1,20,10)\"/>",
        "<rect id=\"deur\" width=\"40\" height=\"30\" transform=\"translate(50,10),rotate(90)\"/>",
        "<rect id=\"deur\" width=\"40\" height=\"30\" x=\"50\" y=\"10\" transform=\"rotate(90 50 10)\"/>",
        "<svg x=\"20\" y=\"10\" width=\"30\" height=\"40\" viewBox=\"5 5 3 4\"><rect id=\"deur\" x=\"5\" y=\"5\" width=\"3\" height=\"4\"/></svg>",
        "<rect id=\"deur\" x=\"15pt\" y=\"7.5pt\" width=\"0.3125in\" height=\"30pt\"/>",
    ] {
        let mut corners: Vec<String> =
            drawn(inner)[0]["door deur: ".len()..].split(' ').map(str::to_owned).collect();
        corners.sort();
        assert_eq!(corners, ["100,100", "100,500", "250,100", "250,500"], "{inner}");
    }
}

#[test]
fn an_svgs_page_and_picture_say_what_its_units_are() {
    let rect = "<rect id=\"deur\" x=\"20\" y=\"10\" width=\"30\" height=\"40\"/>";
    let expect = ["door deur: 100,100 250,100 250,500 100,500"];
    let frame = Some(FrameSize { width: 1280, height: 640 });
    for (page, said) in [
        ("viewBox=\"0 0 200 100\"", true),
        ("viewBox=\"0 0 200 100\" width=\"100%\" height=\"100%\"", true),
        ("viewBox=\"0 0 200 100\" width=\"1280\" height=\"640px\"", true),
        ("viewBox=\"0 0 200 100\" width=\"400mm\" height=\"200mm\"", false),
    ] {
        let file = svg(page, rect);
        assert_eq!(with(&file, None, &NONE).is_ok(), said, "{page}");
        assert_eq!(zones(&take(&file, &ImportWishes { frame, ..NONE })), expect, "{page}");
    }
    assert_eq!(
        take(&svg("viewBox=\"0 0 200 100\" width=\"1280\" height=\"640\"", rect), &NONE).frame.width,
        1280
    );
    // A square page shows it in its middle, and stretched where it says so.
    let square =
        |more: &str| drawn_on(&format!("viewBox=\"0 0 200 100\" width=\"200\" height=\"200\" {more}"), rect);
    assert_eq!(square(""), ["door deur: 100,300 250,300 250,500 100,500"]);
    assert_eq!(square("preserveAspectRatio=\"xMidYMin\""), ["door deur: 100,50 250,50 250,250 100,250"]);
    assert_eq!(square("preserveAspectRatio=\"none\""), expect);
    // Drawn over a picture that is moved on the page: its corners are those of the picture.
    let over = "<g transform=\"translate(300,200)\"><image width=\"200\" height=\"100\"/></g>\
                <rect id=\"deur\" x=\"320\" y=\"210\" width=\"30\" height=\"40\"/>";
    let file = svg("width=\"900\" height=\"900\"", over);
    assert!(refused(&file, &NONE).ends_with("it does not say how large its picture is"));
    assert_eq!(zones(&take(&file, &ImportWishes { frame, ..NONE })), expect);
    let turned = over.replace("translate(300,200)", "rotate(90)");
    assert!(refused(&svg("width=\"9\" height=\"9\"", &turned), &NONE).contains("turned or flipped"));
    let two = format!("{over}<image width=\"9\" height=\"9\"/>");
    assert!(refused(&svg("width=\"9\" height=\"9\"", &two), &NONE).contains("there are 2 pictures in it"));
}

fn drawn_on(page: &str, inner: &str) -> Vec<String> {
    zones(&take(&svg(page, inner), &NONE))
}

#[test]
fn what_cannot_be_read_of_an_svg_is_refused_by_name() {
    for (inner, says) in [
        ("<use id=\"deur\" href=\"#a\"/>", "line 3 \"deur\": <use> is not known here"),
        ("<path id=\"deur\" d=\"M0 0 L10 10 X5\"/>", "line 3 \"deur\": its path cannot be read"),
        ("<path id=\"deur\" d=\"L10 10\"/>", "its path cannot be read"),
        ("<polygon id=\"deur\" points=\"1,2 3\"/>", "line 3 \"deur\": its points are not"),
        ("<rect id=\"deur\" width=\"3em\" height=\"1\"/>", "line 3: width of <rect> is no length known here"),
        (
            "<rect transform=\"spin(3)\" width=\"3\" height=\"1\"/>",
            "line 3: its transform cannot be read: spin(3)",
        ),
        ("<rect style=\"fill:red; transform: scale(2)\"/>", "a style moves its shapes"),
    ] {
        let error = refused(&svg("width=\"200\" height=\"100\"", inner), &NONE);
        assert!(error.contains(says), "{says}: {error}");
    }
    assert!(refused(&svg("", "<rect/>"), &NONE).contains("no width and height, and no viewBox"));
    let deep = svg("width=\"9\" height=\"9\"", &format!("{}{}", "<g>".repeat(99), "</g>".repeat(99)));
    assert!(refused(&deep, &NONE).contains("nested deeper than 64"));
    let said = take(
        &svg(
            "width=\"200\" height=\"100\"",
            "<line id=\"l\"/><text>hi</text><path id=\"s\" d=\"M0 0 9 9\"/>\
             <g style=\"display: none\"><rect id=\"deur\" width=\"50\" height=\"50\"/></g>",
        ),
        &NONE,
    );
    assert_eq!(zones(&said), ["door deur: 0,0 250,0 250,500 0,500"]);
    let notes = said.notes.join("\n");
    for part in
        ["a line encloses", "a text encloses", "fewer than three points", "it is hidden in the drawing"]
    {
        assert!(notes.contains(part), "{part}: {notes}");
    }
}

proptest! {
    /// Whatever a curve encloses with its ends, the zone holds: bends out and bends in.
    #[test]
    fn curves_are_flattened_outward(
        points in proptest::collection::vec((5i32..95, 5i32..95), 4),
        corner in (5i32..95, 5i32..95),
    ) {
        let p: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
        let corner = (f64::from(corner.0), f64::from(corner.1));
        let path = format!(
            "M{} {}C{} {} {} {} {} {}L{} {}Z",
            p[0].0, p[0].1, p[1].0, p[1].1, p[2].0, p[2].1, p[3].0, p[3].1, corner.0, corner.1
        );
        let file = svg("width=\"100\" height=\"100\"", &format!("<path d=\"{path}\"/>"));
        let found = with(&file, None, &ImportWishes { small_zones: true, ..NONE }).expect("a path");
        let zone: Vec<Vec<(f64, f64)>> = found
            .zones
            .iter()
            .map(|zone| zone.polygon.points().iter().map(|p| (p.x * 100.0, p.y * 100.0)).collect())
            .collect();
        let on_curve = |i: i32| {
            let t = f64::from(i) / 400.0;
            let mix = |a: f64, b: f64, c: f64, d: f64| {
                let u = 1.0 - t;
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            (mix(p[0].0, p[1].0, p[2].0, p[3].0), mix(p[0].1, p[1].1, p[2].1, p[3].1))
        };
        let mut region: Vec<(f64, f64)> = (0..=400).map(on_curve).collect();
        region.push(corner);
        for i in 0..2500 {
            let (x, y) = (f64::from(i % 50) * 2.0 + 0.537, f64::from(i / 50) * 2.0 + 0.519);
            if inside(&region, x, y) {
                // Within a fiftieth of a pixel: the region of the test is itself made of straight sides.
                let near = zone.iter().any(|zone| {
                    [(0.0, 0.0), (0.02, 0.0), (-0.02, 0.0), (0.0, 0.02), (0.0, -0.02)]
                        .iter()
                        .any(|(dx, dy)| inside(zone, x + dx, y + dy))
                });
                prop_assert!(near, "{x},{y} of {path}");
            }
        }
    }
}

#[test]
fn arcs_hold_their_circle() {
    // A circle of two arcs, and the larger part of one.
    let reach = |d: &str| {
        let found = take(&svg("width=\"200\" height=\"100\"", &format!("<path d=\"{d}\"/>")), &NONE);
        let points = found.zones[0].polygon.points().to_vec();
        let of = |f: fn(f64, f64) -> f64, from: f64, of: fn(&crate::geometry::UnitPoint) -> f64| {
            points.iter().map(of).fold(from, f)
        };
        [
            of(f64::min, 9.0, |p| p.x) * 200.0,
            of(f64::min, 9.0, |p| p.y) * 100.0,
            of(f64::max, 0.0, |p| p.x) * 200.0,
            of(f64::max, 0.0, |p| p.y) * 100.0,
        ]
        .map(|v| (v * 10.0).round() / 10.0)
    };
    let circle = reach("M80 50a20 20 0 1 0 40 0 20 20 0 1 0-40 0z");
    for (found, exact) in circle.iter().zip([80.0, 30.0, 120.0, 70.0]) {
        assert!((found - exact).abs() < 0.5, "{circle:?}");
    }
    // From the left to the top of the circle around 100,50, the long way round over the bottom.
    let long = reach("M80 50A20 20 0 1 0 100 30z");
    for (found, exact) in long.iter().zip([80.0, 30.0, 120.0, 70.0]) {
        assert!((found - exact).abs() < 1.5, "{long:?}");
    }
    // The short way: the quarter between.
    let short = reach("M80 50A20 20 0 0 1 100 30z");
    for (found, exact) in short.iter().zip([80.0, 30.0, 100.0, 50.0]) {
        assert!((found - exact).abs() < 0.5, "{short:?}");
    }
}
