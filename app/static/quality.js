/* Draws the charts of the quality page. The same numbers stand in its tables: without
   this script nothing is missing but the pictures. */
(function () {
  "use strict";

  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const percent = (value) => (value === null ? "–" : Math.round(value * 100) + " %");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  function frame(label) {
    return {
      animation: !still,
      aria: { enabled: true, label: { description: label } },
      textStyle: { fontFamily: "inherit", color: colour("--soft") },
      grid: { left: 44, right: 16, top: 16, bottom: 28 },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    };
  }

  function shareAxis(highest) {
    return {
      type: "value", min: 0, max: highest,
      axisLabel: { formatter: percent, color: colour("--soft") },
      splitLine: { lineStyle: { color: colour("--line") } },
    };
  }

  function weekAxis(weeks) {
    return {
      type: "category", data: weeks.map((row) => row.week.slice(5)),
      axisLabel: { color: colour("--soft") },
      axisLine: { lineStyle: { color: colour("--line") } }, axisTick: { show: false },
    };
  }

  /* A line with its interval; provisional weeks are drawn dashed. */
  function line(weeks, key, label, provisional) {
    const points = weeks.map((row) => row[key]);
    const firstYoung = points.findIndex((point) => point.provisional);
    const solid = points.map((p, k) => (firstYoung < 0 || k <= firstYoung ? p.value : null));
    const dashed = points.map((p, k) => (firstYoung >= 0 && k >= firstYoung ? p.value : null));
    const petrol = colour("--petrol");
    const series = [
      { name: label, type: "line", data: solid, symbolSize: 6, color: petrol, lineStyle: { width: 2.5 } },
      { name: label + ", " + provisional, type: "line", data: dashed, symbolSize: 6, color: petrol,
        lineStyle: { width: 2.5, type: "dashed" } },
    ];
    if (points.some((p) => p.low !== null)) {
      const low = points.map((p) => p.low);
      const width = points.map((p) => (p.low === null ? null : p.high - p.low));
      const quiet = { type: "line", stack: "interval", symbol: "none", silent: true,
        lineStyle: { opacity: 0 }, tooltip: { show: false } };
      series.unshift(
        { ...quiet, data: low },
        { ...quiet, data: width, areaStyle: { color: colour("--wash") } });
    }
    const highest = Math.max(...points.map((p) => p.high ?? p.value ?? 0));
    return { ...frame(label), xAxis: weekAxis(weeks),
      yAxis: shareAxis(Math.min(1, Math.ceil(highest * 10) / 10)),
      tooltip: { trigger: "axis", renderMode: "richText", confine: true,
        formatter: (rows) => {
          const p = points[rows[0].dataIndex];
          const span = p.low === null ? "" : "\n" + percent(p.low) + " – " + percent(p.high);
          return rows[0].name + "\n" + label + ": " + percent(p.value) + span + "\nn = " + p.n +
            (p.provisional ? "\n" + provisional : "");
        } },
      series: series };
  }

  function bars(values, label) {
    return { ...frame(label),
      xAxis: { type: "category", data: values.map((_, k) => k + 1), axisLabel: { show: false },
        axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--line") } } },
      yAxis: { type: "value", axisLabel: { color: colour("--soft") },
        splitLine: { lineStyle: { color: colour("--line") } } },
      series: [{ name: label, type: "bar", data: values, color: colour("--petrol"), barCategoryGap: "10%" }] };
  }

  const draw = {
    mutual: (data, box) => line(data.weeks, "mutual", box.dataset.label, box.dataset.provisional),
    coverage: (data, box) => line(data.weeks, "coverage", box.dataset.label, box.dataset.provisional),
    exposure: (data, box) => bars(data.exposure, box.dataset.label),
  };

  const boxes = [...document.querySelectorAll("[data-chart]")];
  if (!boxes.length || !window.echarts) return;
  fetch(boxes[0].dataset.source, { headers: { Accept: "application/json" } })
    .then((answer) => { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
    .then((data) => boxes.forEach((box) => {
      const place = box.appendChild(document.createElement("div"));
      const chart = echarts.init(place, null, { renderer: "svg" });
      chart.setOption(draw[box.dataset.chart](data, box));
      addEventListener("resize", () => chart.resize());
    }))
    .catch(() => boxes.forEach((box) => { box.hidden = true; }))
    .finally(() => { document.body.dataset.charts = "drawn"; });
})();
