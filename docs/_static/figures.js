/* Replace each picture by its live figure; without plotly's script the picture stays. */
function draw(figure) {
  const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
  const place = figure.querySelector("div");
  place.hidden = false;
  const narrow = place.clientWidth < 500;
  if (narrow) { /* a phone: no empty margins above and below, the legend below */
    layout.height = Math.min(layout.height ?? 450, 1.3 * place.clientWidth);
    layout.legend = { ...layout.legend, orientation: "h" };
  }
  Plotly.newPlot(place, data, layout, { responsive: true, displaylogo: false })
    .then(() => { figure.querySelector("img").hidden = true; })
    .catch(() => { place.hidden = true; });
}

if (window.Plotly) document.querySelectorAll("figure.live").forEach(draw);
