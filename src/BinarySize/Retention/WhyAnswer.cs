using BinarySize.Mapping;

namespace BinarySize.Retention;

/// <summary>One member or type on the way from a root.</summary>
/// <param name="Name">Short, in the words of the source: "Query.Build".</param>
/// <param name="FullName">With namespace and as in metadata.</param>
/// <param name="Kind">What it is; a symbol where the compiler's statistics were not there to say more.</param>
/// <param name="Assembly">Its assembly; empty where it has none.</param>
/// <param name="Package">The NuGet package of its assembly; null where it came from none or that is not known.</param>
/// <param name="How">How the step before leads here: "calls", "creates". Of the first step, what makes it a root.</param>
/// <param name="Reason">The same in the words of the graph.</param>
/// <param name="Also">What else must be there, where one reason is not enough; empty otherwise.</param>
public sealed record RetentionStep(string Name, string FullName, OwnerKind Kind, string Assembly, string? Package, string How, string Reason, string Also);

/// <summary>A way in: where what was asked for is first reached from outside of it.</summary>
/// <param name="Size">Bytes of it that are there by this way; shares of one way or another add up to all of it.</param>
/// <param name="Nodes">The same in nodes of the graph.</param>
/// <param name="Chain">The shortest chain from a root; the last step is the first that is inside.</param>
public sealed record RetentionEntry(long Size, int Nodes, IReadOnlyList<RetentionStep> Chain)
{
    /// <summary>Position in <see cref="Chain"/> of the step that leads in from outside; -1 where what was asked for is a root itself.</summary>
    public int From => Chain.Count - 2;
}

/// <summary>Why something is in what ships.</summary>
/// <param name="Name">What was asked for, in full.</param>
/// <param name="Kind">What that is.</param>
/// <param name="Size">Bytes of it; 0 where they are not known.</param>
/// <param name="Nodes">Nodes of the graph that are its; 0 where no graph was at hand.</param>
/// <param name="Retained">Bytes that would go with it, its own included; null where the graph has first reasons only, or none was at hand.</param>
/// <param name="Packages">The way from the project to the package: project, direct reference, …; empty where no package is behind it.</param>
/// <param name="Entries">Ways in, the largest first.</param>
/// <param name="EntryCount">How many ways there are in all.</param>
public sealed record WhyAnswer(
    string Name, OwnerKind Kind, long Size, int Nodes, long? Retained, IReadOnlyList<string> Packages, IReadOnlyList<RetentionEntry> Entries, int EntryCount);

/// <summary>Something that alone keeps other things alive.</summary>
/// <param name="Name">Short, in the words of the source.</param>
/// <param name="FullName">With namespace and as in metadata.</param>
/// <param name="Kind">What it is: member, type, namespace, assembly.</param>
/// <param name="Assembly">Its assembly.</param>
/// <param name="Package">The NuGet package of that; null where it came from none or that is not known.</param>
/// <param name="Own">Bytes of its own.</param>
/// <param name="Retained">Bytes that would go with it, its own included.</param>
/// <param name="KeptBy">Who needs it, by name; a few.</param>
/// <param name="KeptByCount">How many need it.</param>
/// <param name="Within">Position in the list of the keeper that it would itself go with; -1 where none of those listed.</param>
public sealed record Keeper(string Name, string FullName, OwnerKind Kind, string Assembly, string? Package, long Own, long Retained, IReadOnlyList<string> KeptBy, int KeptByCount, int Within);
