// How colours differ, to eyes of all kinds.

/** @typedef {[number, number, number]} Triple */

/** Linear light of "#rrggbb", each 0 to 1. @param {string} hex @returns {Triple} */
function linear(hex) {
  const channel = (/** @type {number} */ at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** @param {number[][]} matrix @param {Triple} vector @returns {Triple} */
function times(matrix, vector) {
  const [a, b, c] = matrix.map((row) =>
    row.reduce((sum, factor, i) => sum + factor * vector[i], 0),
  );
  return [a, b, c];
}

/** WCAG 2's contrast ratio, 1 to 21. @param {string} a @param {string} b */
export function contrast(a, b) {
  const [dark, light] = [a, b]
    .map((hex) => {
      const [red, green, blue] = linear(hex);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    })
    .sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

// Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
const eyes = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/**
 * The linear light that a colour is to those eyes.
 * @param {keyof typeof eyes} kind
 * @param {string} hex
 */
export function seenBy(kind, hex) {
  return times(eyes[kind], linear(hex));
}

/** CIE L*a*b* (D65). @param {Triple} light @returns {Triple} */
function lab(light) {
  const xyz = times(
    [
      [0.4124, 0.3576, 0.1805],
      [0.2126, 0.7152, 0.0722],
      [0.0193, 0.1192, 0.9505],
    ],
    light,
  );
  const [x, y, z] = [xyz[0] / 0.95047, xyz[1], xyz[2] / 1.08883].map((value) =>
    value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116,
  );
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** Delta E (1976) of two lights; about 2 is just noticed. @param {Triple} a @param {Triple} b */
export function difference(a, b) {
  const [one, other] = [lab(a), lab(b)];
  return Math.hypot(...one.map((value, i) => value - other[i]));
}
