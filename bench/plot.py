# SPDX-License-Identifier: Apache-2.0
"""Plots as SVG: lines of points over an axis of powers of ten, each with its name at its end."""
import math

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 44, 56  # room around the lines
COLOURS = ['#0b6e4f', '#c1440e', '#33658a', '#7a4988', '#8a6d00']


def steps(top):
    """Round figures from 0 up to about `top`, some five of them."""
    size = 10 ** math.floor(math.log10(top / 4))
    size *= next(times for times in (1, 2, 2.5, 5, 10) if top / 4 <= times * size)
    return [i * size for i in range(math.ceil(top / size - 1e-9) + 1)]


def text(x, y, what, anchor='middle', colour='#222', more=''):
    what = str(what).replace('&', '&amp;').replace('<', '&lt;')
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" {more}>{what}</text>'


def spread(heights, least=16):
    """Heights of labels, moved down where they would stand on one another."""
    order, last, moved = sorted(range(len(heights)), key=heights.__getitem__), -math.inf, {}
    for i in order:
        last = moved[i] = max(heights[i], last + least)
    return [moved[i] for i in range(len(heights))]


def save(path, title, x_name, y_name, lines, top=None):
    """lines: {name: [(x, y), ...]} with x above 0; y starts at 0."""
    points = [point for line in lines.values() for point in line]
    low, high = (math.log10(edge(x for x, _ in points)) for edge in (min, max))
    marks = steps(top or max(y for _, y in points))

    def at(x, y):
        return (LEFT + (math.log10(x) - low) / (high - low) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - y / marks[-1] * (HEIGHT - TOP - BOTTOM))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', text(LEFT, 22, title, 'start', more='font-weight="bold"')]
    for mark in marks:
        y = at(10 ** low, mark)[1]
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>' + text(LEFT - 8, y + 4, f'{mark:g}', 'end'))
    for x in sorted({x for x, _ in points}):
        out.append(text(at(x, 0)[0], HEIGHT - BOTTOM + 20, f'{x:,g}' if x < 1e6 else f'{x / 1e6:g} million'))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_name))
    out.append(text(0, 0, y_name, more=f'transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"'))
    ends = [at(*sorted(line)[-1]) for line in lines.values()]
    for (name, line), colour, end, y in zip(lines.items(), COLOURS, ends, spread([end[1] for end in ends])):
        spots = [at(*point) for point in sorted(line)]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in spots)}"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in spots]
        if end[0] < WIDTH - RIGHT - 1:  # others go on beside it
            out.append(text(end[0], end[1] - 10, name, 'end', colour))
        else:
            out.append(text(end[0] + 10, y + 4, name, 'start', colour))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join([*out, '</svg>', '']))
    print(f'  plotted: {path}')
