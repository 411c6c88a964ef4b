using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BinarySize.IO;

/// <summary>
/// A growing array in native memory, for the large tables of a reader: it is given back at once when it is disposed, and
/// growing it does not leave the old copy to the garbage collector. Must be disposed.
/// </summary>
internal sealed unsafe class NativeList<T>(int capacity = 0) : IDisposable where T : unmanaged
{
    private T* _items = (T*)NativeMemory.Alloc((nuint)Math.Max(capacity, 16), (nuint)sizeof(T));
    private int _capacity = Math.Max(capacity, 16);

    public int Count { get; private set; }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return ref _items[index];
        }
    }

    public Span<T> Span => new(_items, Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in T item)
    {
        if (Count == _capacity) Grow(Count + 1);
        _items[Count++] = item;
    }

    /// <summary>Sets the number of items; new ones are zero.</summary>
    public void Resize(int count)
    {
        if (count > _capacity) Grow(count);
        if (count > Count) new Span<T>(_items + Count, count - Count).Clear();
        Count = count;
    }

    public void Dispose()
    {
        NativeMemory.Free(_items);
        _items = null;
        _capacity = Count = 0;
    }

    private void Grow(int least)
    {
        int capacity = (int)Math.Min(Math.Max(least, _capacity * 2L), Array.MaxLength);
        _items = (T*)NativeMemory.Realloc(_items, checked((nuint)capacity * (nuint)sizeof(T)));
        _capacity = capacity;
    }
}
