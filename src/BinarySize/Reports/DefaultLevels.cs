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
        bool managed = false, symbols = false;
        foreach (MeasuredFile file in artifact.Files)
        {
            foreach (Owner owner in file.Map.Owners)
            {
                managed |= owner.Kind == OwnerKind.Type;
                symbols |= owner.Kind == OwnerKind.Symbol;
            }
        }
        return managed ? [Level.File, Level.Assembly, Level.Namespace, Level.Type] : symbols ? [Level.File, Level.Section, Level.Symbol] : [Level.File, Level.Section];
    }

    /// <summary>True where grouping by <paramref name="levels"/> asks for owners; null means <see cref="For"/>, which looks at them.</summary>
    public static bool NeedOwners(IReadOnlyList<Level>? levels) =>
        levels is null || levels.Any(l => l is Level.Symbol or Level.Package or Level.Assembly or Level.Namespace or Level.Type or Level.Member);
}
