namespace BinarySize.IO;

/// <summary>
/// A file says something that cannot be true (an offset past its end, a count that does not fit, a cycle).
/// Readers throw it from bounds-checked reads; <see cref="Formats.FormatReader"/> catches it, keeps what was mapped
/// so far, and turns it into a warning. It never leaves the engine.
/// </summary>
public sealed class BadFormatException(string message) : Exception(message);
