namespace BinarySize.Shrinking;

/// <summary>A place in an app's own code that needs what a setting takes away.</summary>
/// <param name="Code">Diagnostic: BSZ5320 to BSZ5327.</param>
/// <param name="Setting">The MSBuild property.</param>
/// <param name="Where">The method, or the type: "Program.Main".</param>
/// <param name="What">What the code does, behind "Where": "names the culture 'de-DE'".</param>
/// <param name="Consequence">What then happens, as a clause.</param>
/// <param name="File">Source file as the symbols name it; null without symbols.</param>
/// <param name="Line">Line, from 1; 0 without symbols.</param>
/// <param name="Column">Column, from 1; 0 without symbols.</param>
public sealed record ProfileConflict(string Code, string Setting, string Where, string What, string Consequence, string? File, int Line, int Column);
