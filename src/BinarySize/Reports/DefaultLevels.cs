using BinarySize.Artifacts;
using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>What a report is grouped by where nobody says.</summary>
public static class DefaultLevels
{
    /// <summary>The levels that say most about an artifact: its files, and of a single binary its sections and owners.</summary>
    public static IReadOnlyList<Level> For(MeasuredArtifact artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        if (artifact.Kind == ArtifactKind.Folder) return [Level.File, Level.Section];
        IReadOnlyList<Level> levels = [Level.File, Level.Section];
        foreach (MeasuredFile file in artifact.Files) levels = For(file);
        return levels;
    }

    /// <summary>The levels that say most about one file of a folder.</summary>
    public static IReadOnlyList<Level> For(MeasuredFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        bool symbols = false;
        foreach (Owner owner in file.Map.Owners)
        {
            if (owner.Kind == OwnerKind.Type) return [Level.File, Level.Package, Level.Assembly, Level.Namespace, Level.Type];
            symbols |= owner.Kind == OwnerKind.Symbol;
        }
        return symbols ? [Level.File, Level.Section, Level.Symbol] : [Level.File, Level.Section];
    }

    /// <summary>True where grouping by <paramref name="levels"/> asks for owners; null means <see cref="For(MeasuredArtifact)"/>, which looks at them.</summary>
    public static bool NeedOwners(IReadOnlyList<Level>? levels) =>
        levels is null || levels.Any(l => l is Level.Symbol or Level.Package or Level.Assembly or Level.Namespace or Level.Type or Level.Member);
}
