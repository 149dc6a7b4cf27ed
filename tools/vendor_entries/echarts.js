// The charts of the quality pages and what they stand on: drawn as SVG, described for
// screen readers (aria), with hatching (decal).
import * as echarts from "echarts/core";
import {
  BarChart, CustomChart, HeatmapChart, LineChart, LinesChart, MapChart, ScatterChart,
} from "echarts/charts";
import {
  AriaComponent, DatasetComponent, GeoComponent, GridComponent, LegendComponent,
  MarkAreaComponent, MarkLineComponent, MarkPointComponent, TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  AriaComponent, BarChart, CustomChart, DatasetComponent, GeoComponent, GridComponent,
  HeatmapChart, LabelLayout, LegendComponent, LineChart, LinesChart, MapChart,
  MarkAreaComponent, MarkLineComponent, MarkPointComponent, ScatterChart, SVGRenderer,
  TooltipComponent, VisualMapComponent,
]);

window.echarts = echarts;
