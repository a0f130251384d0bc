// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/timeline/findings.hpp"
#include "muster/timeline/instance.hpp"

namespace muster::timeline {

/// Seconds to places on a line of `width`. A long stretch in which every pod only runs takes
/// `gap_width` of it, whatever its length, if that is not 0.
class Scale {
  public:
    Scale(const Timeline& timeline, double width, double gap_width);

    double operator()(double seconds) const;  ///< within 0 and the width; never descends
    struct Gap {
        double begin = 0, end = 0;  ///< seconds
    };
    const std::optional<Gap>& gap() const { return gap_; }

    struct Mark {
        double seconds = 0;
        std::string label;
    };
    /// Round times, at least `distance` apart; the last label says the unit.
    std::vector<Mark> marks(double distance) const;

  private:
    double begin_ = 0, end_ = 1, width_ = 1, gap_width_ = 0, per_second_ = 1;
    std::optional<Gap> gap_;
};

struct Bar {
    Stage stage;
    double x = 0, width = 0;
    bool marked = false;  ///< it is what a finding is about
    std::string title;
};

/// A failed attempt at a gate.
struct Tick {
    double x = 0;
    std::string title;
};

struct Row {
    std::uint32_t rank = 0;
    std::uint32_t ranks = 1;  ///< that it stands for: it shows the slowest of them
    double y = 0, height = 0;
    bool thin = false;  ///< without room for words
    bool slow = false;
    std::string label;
    std::string title;
    std::vector<Bar> bars;
    std::vector<Tick> ticks;
    std::string note;  ///< why it is slow
    double note_x = 0;
    bool note_ends_there = false;  ///< the note ends at note_x, instead of beginning
};

struct Heading {
    double y = 0;
    std::string text;
};

/// Everything with its place, in pixels from the upper left corner.
struct Drawing {
    double width = 0, height = 0;
    double left = 0, right = 0, top = 0, bottom = 0;  ///< of the rows
    std::vector<std::pair<double, std::string>> axis;
    std::vector<Heading> headings;
    std::vector<Row> rows;
    struct Gap {
        double x = 0, width = 0;
        std::string label;
    };
    std::optional<Gap> gap;
    std::optional<double> formed;
};

/// A row a pod. Up to 40 pods in the order of their ranks; of more the leader and those that
/// findings are about, with words, and below them the rest as thin rows, the slowest first.
Drawing layout(const Timeline& timeline, const std::vector<Finding>& findings);

}  // namespace muster::timeline
