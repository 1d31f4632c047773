export function Sounds() {
  return <h1>Sounds</h1>;
}
