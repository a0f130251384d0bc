// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "muster/timeline/format.hpp"

namespace muster::timeline {
namespace {

constexpr std::array<std::string_view, stage_count> classes{
    "earlier", "start", "prepare", "name",   "address", "listener", "curve",
    "boot",    "join",  "init",    "quorum", "run",     "end"};

// Waiting for others is warm, own work cool, running pale. Told apart by lightness too.
constexpr std::string_view style = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --faint: #d5dae0; --soft: #57606a; --bad: #c4001d; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e6e9ed; --faint: #3a414a; --soft: #9aa4af; --bad: #ff6b7a; } }
body { font: 14px/1.45 system-ui, sans-serif; margin: 1.2rem auto; max-width: 1240px; padding: 0 1rem; background: var(--paper); color: var(--ink); }
h1 { font-size: 1.35rem; margin: 0 0 .3rem; } p, ul, ol { margin: .3rem 0; }
ol.findings { padding-left: 1.4rem; } ol.findings li { font-size: 1.02rem; } li.failure { color: var(--bad); font-weight: 600; }
.notes { color: var(--soft); } svg { width: 100%; height: auto; margin: .6rem 0; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink); }
svg text.axis, svg text.heading { fill: var(--soft); } svg text.label { text-anchor: end; }
svg text.slow { font-weight: 700; fill: var(--bad); }
svg text.note { font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 3.5px; stroke-linejoin: round; }
svg text.ends, svg text.gap { text-anchor: end; } svg text.gap, svg text.middle { text-anchor: middle; }
svg line.axis { stroke: var(--faint); } svg line.formed { stroke: var(--ink); stroke-dasharray: 4 3; }
svg rect.track { fill: var(--faint); opacity: .35; } svg rect.gap { fill: var(--paper); opacity: .8; }
svg rect.marked { stroke: var(--bad); stroke-width: 2; } svg line.tick { stroke: #3d0008; stroke-width: 1; opacity: .55; }
.earlier { fill: #8c8c8c; } .start { fill: #a3b8cc; } .prepare { fill: #5f7f9f; }
.name { fill: #f2a900; } .address { fill: #ef7a1a; } .listener { fill: #d1495b; } .curve { fill: #8f2d8c; }
.boot { fill: #9cc9e8; } .join { fill: #4b9fd5; } .init { fill: #1f5fa8; } .quorum { fill: #cfe3dd; } .run { fill: #a9d8a0; } .end { fill: #b9b4c7; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem 1rem; color: var(--soft); }
.legend svg { display: inline-block; width: 14px; height: 12px; margin: 0 .35rem 0 0; vertical-align: -1px; }
table { border-collapse: collapse; margin: .4rem 0 .8rem; } td, th { text-align: left; padding: .1rem .8rem .1rem 0; } td.number { text-align: right; }
)";

std::string_view class_of(Stage stage) {
    return classes.at(static_cast<std::size_t>(stage));
}

void add_text(std::string& svg, double x, double y, std::string_view of, std::string_view text) {
    svg += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", of, x, y,
                       escape_xml(text));
}

void add_axis(std::string& svg, const Drawing& drawing) {
    for (const auto& [x, label] : drawing.axis) {
        svg += fmt::format(
            "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"/>\n",
            x, drawing.top - 4, drawing.bottom + 4);
        add_text(svg, x, drawing.top - 10, "axis middle", label);
        add_text(svg, x, drawing.bottom + 18, "axis middle", label);
    }
}

void add_bar(std::string& svg, const Row& row, const Bar& bar) {
    svg += fmt::format(
        "<rect class=\"{}{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"",
        class_of(bar.stage), bar.marked && !row.thin ? " marked" : "", bar.x, row.y, bar.width,
        row.height);
    // A thin row has one title for all its bars: a file of a thousand pods stays small.
    if (row.thin)
        svg += "/>\n";
    else
        svg += fmt::format("><title>{}</title></rect>\n", escape_xml(bar.title));
}

void add_row(std::string& svg, const Drawing& drawing, const Row& row) {
    svg += fmt::format("<g><title>{}</title>\n", escape_xml(row.title));
    if (!row.thin)
        svg += fmt::format(
            "<rect class=\"track\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
            "height=\"{:.1f}\"/>\n",
            drawing.left, row.y, drawing.right - drawing.left, row.height);
    for (const auto& bar : row.bars) add_bar(svg, row, bar);
    for (const auto& tick : row.ticks)
        svg += fmt::format(
            "<line class=\"tick\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\">"
            "<title>{3}</title></line>\n",
            tick.x, row.y + 1, row.y + row.height - 1, escape_xml(tick.title));
    if (!row.label.empty())
        add_text(svg, drawing.left - 8, row.y + row.height - 4, row.slow ? "label slow" : "label",
                 row.label);
    svg += "</g>\n";
}

void add_overlay(std::string& svg, const Drawing& drawing) {
    if (drawing.formed) {
        svg += fmt::format(
            "<line class=\"formed\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\">"
            "<title>the instance has formed</title></line>\n",
            *drawing.formed, drawing.top - 4, drawing.bottom + 4);
    }
    if (const auto& gap = drawing.gap) {
        svg += fmt::format(
            "<rect class=\"gap\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n",
            gap->x, drawing.top, gap->width, drawing.bottom - drawing.top);
        add_text(svg, gap->x + gap->width / 2, drawing.top - 10, "axis gap",
                 "... " + gap->label + " ...");
    }
    for (const auto& row : drawing.rows)
        if (!row.note.empty())
            add_text(svg, row.note_x, row.y + row.height - 4,
                     row.note_ends_there ? "note ends" : "note", row.note);
}

std::string format_words(const Timeline& timeline, const std::vector<Finding>& findings) {
    std::string html = fmt::format("<h1>{}</h1>\n", escape_xml(headline(timeline)));
    if (findings.empty()) {
        html += "<p>No pod stands out.</p>\n";
    } else {
        html += "<ol class=\"findings\">\n";
        for (const auto& finding : findings)
            html += fmt::format("<li{}>{}</li>\n", finding.failure ? " class=\"failure\"" : "",
                                escape_xml(finding.text));
        html += "</ol>\n";
    }
    for (const auto& note : timeline.notes)
        html += fmt::format("<p class=\"notes\">Note: {}.</p>\n", escape_xml(note));
    return html;
}

std::string format_legend(const Timeline& timeline) {
    std::array<bool, stage_count> used{};
    bool failed = false;
    for (const auto& pod : timeline.pods) {
        for (const auto& span : pod.spans) used.at(static_cast<std::size_t>(span.stage)) = true;
        for (const auto& attempt : pod.attempts) failed = failed || !attempt.passed;
    }
    constexpr std::string_view swatch = "<li><svg viewBox=\"0 0 14 12\">{}</svg>{}</li>\n";
    std::string html = "<ul class=\"legend\">\n";
    for (std::size_t i = 0; i < stage_count; ++i)
        if (used.at(i))
            html += fmt::format(
                swatch,
                fmt::format("<rect class=\"{}\" width=\"14\" height=\"12\"/>", classes.at(i)),
                label(static_cast<Stage>(i)));
    if (failed)
        html += fmt::format(swatch, "<line class=\"tick\" x1=\"7\" x2=\"7\" y1=\"0\" y2=\"12\"/>",
                            "an attempt that failed");
    if (timeline.formed)
        html += fmt::format(swatch, "<line class=\"formed\" x1=\"7\" x2=\"7\" y1=\"0\" y2=\"12\"/>",
                            "the leader runs the program");
    return html + "</ul>\n";
}

/// What the pods that findings are about were told, for who wants it all.
std::string format_attempts(const Timeline& timeline, const std::vector<Finding>& findings) {
    std::string html;
    std::set<std::uint32_t> shown;
    for (const auto& finding : findings) {
        const Pod* pod = finding.ranks.empty() ? nullptr : timeline.find(finding.ranks.front());
        if (pod == nullptr || pod->attempts.empty() || shown.size() == 16) continue;
        if (!shown.insert(pod->rank).second) continue;
        html += fmt::format(
            "<details><summary>attempts of rank {} (questions {}, dials {}, handshakes {})"
            "</summary>\n<table>\n<tr><th>at</th><th>took</th><th>gate</th><th>asked</th>"
            "<th>answered</th></tr>\n",
            pod->rank, pod->questions, pod->dials, pod->handshakes);
        for (const auto& attempt : pod->attempts)
            html += fmt::format(
                "<tr><td class=\"number\">{:.3f} s</td><td class=\"number\">{}</td><td>{}</td>"
                "<td>{}</td><td>{}</td></tr>\n",
                attempt.at, format_seconds(attempt.took), class_of(attempt.gate),
                escape_xml(attempt.asked), escape_xml(attempt.answered));
        html += "</table></details>\n";
    }
    return html;
}

}  // namespace

std::string format_svg(const Drawing& drawing) {
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\">\n",
        drawing.width, drawing.height);
    add_axis(svg, drawing);
    for (const auto& heading : drawing.headings)
        add_text(svg, drawing.left, heading.y, "heading", heading.text);
    for (const auto& row : drawing.rows) add_row(svg, drawing, row);
    add_overlay(svg, drawing);
    return svg + "</svg>\n";
}

std::string format_html(const Timeline& timeline) {
    const auto findings = find_causes(timeline);
    auto name = timeline.instance.empty() ? std::string() : timeline.instance + ": ";
    return fmt::format(
        "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
        "<meta charset=\"utf-8\"/>\n<title>muster timeline: {}{}</title>\n<style>{}</style>\n"
        "</head>\n<body>\n{}{}{}<p class=\"notes\">Seconds since the first pod began. A pod's "
        "times "
        "are by its own clock; hover over a bar or a mark for what it "
        "is.</p>\n{}</body>\n</html>\n",
        escape_xml(name), escape_xml(headline(timeline)), style, format_words(timeline, findings),
        format_svg(layout(timeline, findings)), format_legend(timeline),
        format_attempts(timeline, findings));
}

}  // namespace muster::timeline
