/* Replace each picture by its live figure; without plotly's script the picture stays. */
if (window.Plotly) {
  for (const figure of document.querySelectorAll("figure.live")) {
    const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
    const place = figure.querySelector("div");
    place.hidden = false;
    Plotly.newPlot(place, data, layout, { responsive: true, displaylogo: false })
      .then(() => { figure.querySelector("img").hidden = true; })
      .catch(() => { place.hidden = true; });
  }
}
