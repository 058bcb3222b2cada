process.on('warning', (warning) => {
  throw warning;
});
