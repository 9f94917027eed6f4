"""The style sheet of every report: light and dark by the reader's preference, no fonts or images to fetch."""

STYLE = """\
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1d2430; --soft: #5d6878; --rule: #dde2e9; --accent: #2f6fde;
  --s1: #2f6fde; --s2: #e08a1e; --s3: #2a9d73; --s4: #c2487e; --s5: #7a63d1; --s6: #6b7786;
  --s7: #8a5a2b; --s8: #159eb8;
  --good: #1f8a5b; --warning: #b26b00; --error: #c23434; --cell: 47 111 222;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1b212a; --ink: #e6eaf0; --soft: #9aa6b5; --rule: #303946; --accent: #7aa7ff;
    --s1: #7aa7ff; --s2: #f0b059; --s3: #5cc79c; --s4: #ec86b2; --s5: #ac9af2; --s6: #94a1b2;
    --s7: #c99a6b; --s8: #62cfe3;
    --good: #5cc79c; --warning: #f0b059; --error: #ff8a80; --cell: 122 167 255;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 32px 24px 64px; }
header h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
header p { margin: 0 0 20px; color: var(--soft); overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 6px 16px; margin: 0 0 20px; font-size: 14px; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
.facts:last-child { margin-bottom: 0; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
  padding: 20px 24px 24px; margin: 0 0 20px; }
h2 { font-size: 19px; margin: 0 0 12px; } h3 { font-size: 15px; margin: 20px 0 8px; }
p { margin: 0 0 12px; max-width: 75ch; } .soft { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin: 0 0 16px; }
.facts div { border: 1px solid var(--rule); border-radius: 10px; padding: 10px 14px; }
.facts dt { color: var(--soft); font-size: 13px; } .facts dd { margin: 0; font-size: 21px; font-weight: 600;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; line-height: 1.3; }
.facts dd.long { font-size: 14px; line-height: 1.9; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: 0 0 8px; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top;
  overflow-wrap: anywhere; }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; } tbody th { font-weight: 500; }
td.num, th.num { text-align: right; white-space: nowrap; }
.notice { border-left: 4px solid var(--accent); padding: 8px 14px; margin: 0 0 10px; border-radius: 0 8px 8px 0;
  background: color-mix(in srgb, var(--accent) 9%, transparent); }
.notice.error { border-color: var(--error); background: color-mix(in srgb, var(--error) 11%, transparent); }
.notice.warning { border-color: var(--warning); background: color-mix(in srgb, var(--warning) 12%, transparent); }
.notice.good { border-color: var(--good); background: color-mix(in srgb, var(--good) 11%, transparent); }
.notice strong { display: block; } .notice p { margin: 2px 0 0; }
.grid { display: flex; flex-wrap: wrap; gap: 10px; margin: 0 0 8px; }
figure { margin: 0; } figcaption { font-size: 12px; color: var(--soft); overflow-wrap: anywhere; }
.grid figure { width: 104px; } .grid.wide figure { width: 164px; }
.grid img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 8px; display: block;
  background: var(--rule); }
.classes { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 4px 24px; }
.classes .grid { gap: 6px; flex-wrap: nowrap; overflow: hidden; } .classes figure { flex: 0 0 auto; width: 76px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 16px 28px; }
.bars, .charts > div { max-width: 640px; }
.chart { display: block; width: 100%; height: auto; } .chart text { fill: var(--soft); font-size: 12px; }
.chart .name { fill: var(--ink); } .chart .inside { fill: #fff; font-weight: 600; }
.chart .axis { stroke: var(--rule); stroke-width: 1; } .chart .mark { stroke: var(--error); stroke-dasharray: 4 3; }
.chart polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
.chart .said { fill: var(--error); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.chart .cell { fill: rgb(var(--cell)); } .chart .frame { fill: none; stroke: var(--rule); }
.f1 { fill: var(--s1); } .f2 { fill: var(--s2); } .f3 { fill: var(--s3); }
.f4 { fill: var(--s4); } .f5 { fill: var(--s5); } .f6 { fill: var(--s6); }
.f7 { fill: var(--s7); } .f8 { fill: var(--s8); }
.l1 { stroke: var(--s1); } .l2 { stroke: var(--s2); } .l3 { stroke: var(--s3); }
.l4 { stroke: var(--s4); } .l5 { stroke: var(--s5); } .l6 { stroke: var(--s6); }
.l7 { stroke: var(--s7); } .l8 { stroke: var(--s8); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; color: var(--soft); margin: 0 0 4px;
  padding: 0; list-style: none; }
.legend svg { width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; }
details { margin: 8px 0; } summary { cursor: pointer; color: var(--accent); }
footer { color: var(--soft); font-size: 13px; }
@media print { body { background: none; } .facts:last-child { margin-bottom: 0; }
section { break-inside: avoid; } }
"""
