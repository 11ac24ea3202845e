"""Our boards as Grafana's dashboards, by its own SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards.generator.panel import Board, Link, Panel, Target
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = kinds.DataSourceRef(type_val="prometheus", uid="${datasource}")

#: Where docs/ can be read; compose.yaml serves it there.
DOCS = "http://localhost:8081"

#: A version that was not there five minutes ago was deployed.
_BUILD = 'botflight_build_info{job=~"$job",instance=~"$instance",partner=~"$partner"}'
DEPLOYED = f"{_BUILD} unless {_BUILD} offset 5m"

_TAG = "botflight"
_COLUMNS = 24


def as_json(board: Board) -> str:
    """Write a board as Grafana reads it; the same board gives the same text."""
    return JSONEncoder(sort_keys=True, indent=2).encode(_dashboard(board)) + "\n"


def _dashboard(board: Board) -> model.Dashboard:
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([_TAG])
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .annotation(_deploys())
        .link(
            dashboard.DashboardLink("The other dashboards")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([_TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .with_variable(_datasource())
        .with_variable(_label("job", "Job", "botflight_build_info", all_value=".+"))
        .with_variable(_label("partner", "Partner", 'botflight_build_info{job=~"$job"}', all_value=".*"))
        .with_variable(_label("instance", "Instance", 'botflight_build_info{job=~"$job"}', all_value=".+"))
        .with_variable(
            dashboard.TextBoxVariable("docs")
            .label("Docs")
            .description("Where docs/ of this project can be read: links of panels go there.")
            .default_value(DOCS)
        )
    )
    number, top = 0, 0
    for row in board.rows:
        built.with_row(dashboard.Row(row.title).grid_pos(_place(_COLUMNS, 1, 0, top)))
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                top, left, height = top + height, 0, 0
            number += 1
            place = _place(panel.width, panel.height, left, top)
            built.with_panel(_panel(panel).id(number).grid_pos(place))
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return built.build()


def _place(width: int, height: int, left: int, top: int) -> model.GridPos:
    return model.GridPos(w=width, h=height, x=left, y=top)


def _datasource() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _label(name: str, label: str, selector: str, *, all_value: str) -> dashboard.QueryVariable:
    everything = model.VariableOption(text="All", value="$__all", selected=True)
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(f"label_values({selector}, {name})")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(all_value)
        .current(everything)
    )


def _deploys() -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name("Deploys")
        .datasource(DATASOURCE)
        .enable(True)
        .expr(DEPLOYED)
        .step("60s")
        .icon_color("blue")
        .title_format("{{version}}")
        .text_format("{{instance}} {{partner}}")
        .tag_keys("job,partner")
    )


Builder = Any  # the SDK's builders share methods, and no class


def _panel(panel: Panel) -> Builder:
    built = (
        _KINDS[panel.kind](panel)
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(DATASOURCE)
        .links([_link(panel.link)])
    )
    for place, target in enumerate(panel.targets):
        built.with_target(_target(panel, target, chr(ord("A") + place)))
    if panel.maximum is not None:
        built.min(0).max(panel.maximum)
    if panel.nothing:
        built.no_value(panel.nothing)
    if panel.steps:
        steps = [model.Threshold(value=step.value, color=step.color) for step in panel.steps]
        built.thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
    if panel.words:
        named = {
            str(value): model.ValueMappingResult(text=text, color=color, index=place)
            for place, (value, (text, color)) in enumerate(panel.words.items())
        }
        built.mappings([model.ValueMap(options=named)])
    return built


def _series(panel: Panel) -> Builder:
    built = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(30 if panel.stacked else 8)
        .show_points(kinds.VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
        .legend(
            common.VizLegendOptions()
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    if panel.stacked:
        built.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if panel.steps:
        built.thresholds_style(common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED))
    return built if panel.maximum is not None else built.min(0)


def _stat(_panel: Panel) -> Builder:
    return (
        stat.Panel()
        .color_mode(kinds.BigValueColorMode.VALUE)
        .graph_mode(kinds.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    )


def _states(_panel: Panel) -> Builder:
    return statetimeline.Panel().row_height(0.8).fill_opacity(80).show_value(kinds.VisibilityMode.AUTO)


def _table(panel: Panel) -> Builder:
    built = table.Panel().with_transformation(
        # The time of a sample says nothing here.
        model.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}})
    )
    for column, link in panel.cells.items():
        leads = {"title": link.title, "url": f"${{docs}}/{link.page}", "targetBlank": True}
        built.override_by_name(column, [model.DynamicConfigValue(id_val="links", value=[leads])])
    return built


_KINDS: dict[str, Callable[[Panel], Builder]] = {
    "series": _series,
    "stat": _stat,
    "states": _states,
    "table": _table,
}


def _target(panel: Panel, target: Target, reference: str) -> prometheus.Dataquery:
    built = (
        prometheus.Dataquery()
        .ref_id(reference)
        .datasource(DATASOURCE)
        .expr(target.expr)
        .legend_format(target.legend)
        .exemplar(panel.exemplars)
    )
    if panel.kind == "table":
        return built.instant().format(PromQueryFormat.TABLE)
    return built.range()


def _link(link: Link) -> dashboard.DashboardLink:
    if link.dashboard:
        url = f"/d/botflight-{link.dashboard}?${{__url_time_range}}&${{__all_variables}}"
    else:
        url = f"${{docs}}/{link.page}"
    return (
        dashboard.DashboardLink(link.title).type(model.DashboardLinkType.LINK).url(url).target_blank(not link.dashboard)
    )
