# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bench/display measured: medians, ratios and goals, and the tables of them."""

import samples

FIGURES = ("frames_per_s", "drawn_per_s", "cpu_ms_per_frame", "bytes_per_frame",
           "viewer_cpu_ms_per_frame")
# of full motion: the fewest frames a second, and the most processor time a frame against QEMU's
GOALS = {"raw": (58, 0.5), "tight": (2 * 9.9, 0.25), "zrle": (None, 0.25),
         "tight, JPEG": (45, None)}
GOALS_OF = (1280, 800), "full"
GOAL_CROWD = 3.0


def summarise(results):
    """The figures of each side, and ours against QEMU's."""
    summary = {}
    for way, by_side in results.items():
        taken = {name: {figure: samples.Samples(one[figure] for one in ones)
                        for figure in FIGURES} for name, ones in by_side.items()}
        summary[way] = {name: {figure: taken[name][figure].as_json() for figure in FIGURES}
                        for name in taken}
        for name, ones in by_side.items():
            summary[way][name]["torn"] = sum(one["torn"] for one in ones)
            summary[way][name]["unreadable"] = sum(one["unreadable"] for one in ones)
        if {"ours", "qemu"} <= set(taken):
            summary[way]["ratio"] = ratios(by_side["ours"], by_side["qemu"])
    return summary


def ratios(ours, theirs):
    """Of the pairs in which both showed anything; none when there is no such pair."""
    pairs = [pair for pair in zip(ours, theirs)
             if all(one["frames_per_s"] > 0 and one["cpu_ms_per_frame"] > 0 for one in pair)]
    return pairs and {
        figure: samples.compare(*(samples.Samples(one[figure] for one in side)
                                  for side in zip(*pairs)))
        for figure in ("frames_per_s", "cpu_ms_per_frame", "bytes_per_frame")}


def verdict(way, side, ratio=None):
    least_rate, most_cpu = GOALS[way]
    words = []
    rate = side["frames_per_s"]["median"]
    if least_rate:
        words.append(f"{'met' if rate >= least_rate else 'MISSED'}: >= {least_rate:g}/s")
    if most_cpu and ratio is not None:
        words.append(f"{'met' if ratio <= most_cpu else 'MISSED'}: CPU <= {most_cpu:g}x")
    return "; ".join(words)


def print_side(way, name, side, goal):
    figures = [side[figure]["median"] for figure in FIGURES]
    print(f"  {way:<14}{name:<11}{figures[0]:>9.1f}{figures[1]:>6.1f}{figures[2]:>9.2f}"
          f"{figures[3] / 1000:>9.1f}{figures[4]:>11.2f}  {goal}".rstrip())


def print_ways(title, summary, has_goals):
    print(f"\n{title}, medians\n  {'':<14}{'':<11}{'frames/s':>9}{'of':>6}{'CPU ms':>9}{'KB':>9}"
          f"{'viewer ms':>11}")
    for way, data in summary.items():
        ratio = data.get("ratio")
        for name in (key for key in data if key != "ratio"):
            cpu = ratio["cpu_ms_per_frame"]["ratio_of_medians"] if ratio else None
            goal = verdict(way, data[name], cpu) if has_goals and name != "qemu" else ""
            print_side(way, name, data[name], goal)
        if ratio:
            values = [ratio[figure]["ratio_of_medians"] for figure in
                      ("frames_per_s", "cpu_ms_per_frame", "bytes_per_frame")]
            print(f"  {'':<14}{'ratio':<11}{values[0]:>8.2f}x{'':>6}{values[1]:>8.2f}x"
                  f"{values[2]:>8.2f}x")


def print_crowd(title, crowds):
    print(f"\n{title}: viewers, frames/s of each, CPU ms of a frame for all, times that for one")
    for way, by_side in crowds.items():
        for name, rows in by_side.items():
            one = max(rows[0]["cpu_ms_per_round"], 1)
            cells = "".join(f"{row['viewers']:>5}:{row['frames_per_s']:>6.1f}"
                            f"{row['cpu_ms_per_round']:>8.1f} {row['cpu_ms_per_round'] / one:>5.2f}x"
                            for row in rows)
            last = rows[-1]["cpu_ms_per_round"] / one
            goal = "" if name == "qemu" else \
                f"  {'met' if last <= GOAL_CROWD else 'MISSED'}: <= {GOAL_CROWD:g}x"
            print(f"  {way:<14}{name:<11}{cells}{goal}")


def print_still(still):
    if not still:
        return
    print("\nA viewer of a screen that stands still")
    for data in still:
        print(f"  {data['size']:<11}{data['server']:<11}{data['cpu_percent']:>7.2f} % of a "
              f"processor, {data['bytes_all']} bytes in {data['seconds']} s")


def print_latency(latency):
    print("\nFrom key to pixel, ms\n"
          f"  {'':<11}{'keys':>5}{'median':>9}{'95 %':>9}{'least':>9}{'most':>9}")
    for name, data in latency.items():
        if "median_ms" in data:
            print(f"  {name:<11}{data['keys']:>5}" + "".join(
                f"{data[key]:>9.1f}" for key in ("median_ms", "p95_ms", "min_ms", "max_ms")) +
                (f"  {data['lost']} lost" if data["lost"] else ""))
        else:
            print(f"  {name:<11}{data['keys']:>5}  all lost")
    if all("median_ms" in data for data in latency.values()):
        ours, theirs = latency["ours"], latency["qemu"]
        print(f"  {'ratio':<16}" + "".join(f"{ours[key] / theirs[key]:>8.2f}x"
                                           for key in ("median_ms", "p95_ms")))


def print_jpeg(jpeg):
    print("\nJPEG of the moving scene: quality asked for, KB a frame, PSNR")
    for name in "ours", "qemu":
        cells = (f"{row['quality']}:{row['bytes'] / 1000:>7.1f}{row['psnr_db']:>6.1f} dB"
                 if "bytes" in row else f"{row['quality']}: {row['as_jpeg']} of {row['frames']} frames"
                 for row in jpeg[name])
        print(f"  {name:<11}" + "   ".join(cells))
    for row in jpeg["equal"]:
        print(f"  at {row['psnr_db']:.1f} dB ours {row['ours'] / 1000:.1f}, "
              f"QEMU {row['qemu'] / 1000:.1f}: {row['ratio']:.2f}x")


def print_rest(report):
    for row in report["stalled"]:
        print(f"\nA viewer that does not read for {row['seconds']} s, {row['server']}: "
              f"{row['before_kib'] / 1024:.1f} MiB, then {row['after_kib'] / 1024:.1f}")
    wrong = [name for name, equal in report["equal_pixels"].items() if not equal]
    print(f"\nThe same pixels from all lossless ways: {'no: ' + '; '.join(wrong) if wrong else 'yes'}")


def print_text(report):
    about = report["machine"]
    load = ", ".join(f"{one:.1f}" for one in about["load_average"])
    print(f"{about['cpus']} x {about['cpu']}, Linux {about['kernel']}, {about['qemu']}\n"
          f"load average at the start {load}, at the end {about['load_average_end'][0]:.1f}\n"
          "CPU: processor time of server and QEMU for a frame that reached a viewer, over that\n"
          "without viewers, the guest's own processor left out.")
    for part in report["scenes"]:
        size, scene = (part["width"], part["height"]), part["scene"]
        print_ways(f"{part['source']}, {size[0]}x{size[1]}, {scene}", part["ways"],
                   (size, scene) == GOALS_OF)
    for title, crowd in report["crowds"].items():
        print_crowd(title, crowd)
    print_still(report["still"])
    for key, show in ("latency", print_latency), ("jpeg", print_jpeg):
        if key in report:
            show(report[key])
    if "stalled" in report:
        print_rest(report)
