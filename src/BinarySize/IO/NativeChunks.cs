using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BinarySize.IO;

/// <summary>
/// A list that only grows, in native memory and in blocks: but for a short beginning nothing is copied when it grows, and a
/// block can be given back while the rest is still in use. What is not freed goes with the finalizer.
/// </summary>
internal sealed unsafe class NativeChunks<T> : IDisposable where T : unmanaged
{
    // Bytes that a list begins with: there is one for the names of each of a folder's files, and most of them stay short.
    private const int FirstSize = 1024;

    private readonly List<nint> _blocks = [];

    // Items that there is room for; below a block's length the one block there is is a small one.
    private int _capacity;

    /// <summary>Items in a block.</summary>
    public static int BlockLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => NativeBlocks.Size / sizeof(T);
    }

    public int Count { get; private set; }

    public int Blocks => _blocks.Count;

    /// <summary>An item; good until the next one is added.</summary>
    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            int block = (int)((uint)index / (uint)BlockLength);
            return ref ((T*)_blocks[block])[index - block * BlockLength];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in T item)
    {
        if (Count == _capacity)
        {
            AddBehindBlock(item);
            return;
        }
        this[Count++] = item;
        GC.KeepAlive(this);
    }

    /// <summary>The items of a block; use the list after it, so that it lives.</summary>
    public Span<T> Block(int block) => new((T*)_blocks[block], Math.Min(BlockLength, Count - block * BlockLength));

    /// <summary>Sets the number of items; new ones have any value.</summary>
    public void Resize(int count)
    {
        while (count > _capacity) AddBlock();
        Count = count;
    }

    /// <summary>Gives a block back, whose items must not be used any more.</summary>
    public void Free(int block)
    {
        if (_capacity < BlockLength) NativeMemory.Free((void*)_blocks[block]);
        else NativeBlocks.Free((void*)_blocks[block]);
        _blocks[block] = 0;
    }

    /// <summary>Gives everything back; the list is empty then.</summary>
    public void Clear()
    {
        for (int i = 0; i < _blocks.Count; i++) Free(i);
        _blocks.Clear();
        Count = _capacity = 0;
    }

    /// <summary>The items as an array; the list is used up, block by block.</summary>
    public T[] ToArray()
    {
        T[] array = GC.AllocateUninitializedArray<T>(Count);
        for (int i = 0; i < _blocks.Count; i++)
        {
            Block(i).CopyTo(array.AsSpan(i * BlockLength));
            Free(i);
        }
        _blocks.Clear();
        Count = _capacity = 0;
        return array;
    }

    public void Dispose()
    {
        Clear();
        GC.SuppressFinalize(this);
    }

    ~NativeChunks() => Clear();

    // By value: an item of this list may be what is added, and a first block moves.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddBehindBlock(T item)
    {
        AddBlock();
        this[Count++] = item;
        GC.KeepAlive(this);
    }

    private void AddBlock()
    {
        if (_blocks.Count == 0)
        {
            _blocks.Add((nint)NativeMemory.Alloc(FirstSize));
            _capacity = FirstSize / sizeof(T);
            return;
        }
        if (_capacity < BlockLength)
        {
            void* small = (void*)_blocks[0], block = NativeBlocks.Allocate();
            new Span<T>(small, Count).CopyTo(new Span<T>(block, Count));
            NativeMemory.Free(small);
            _blocks[0] = (nint)block;
            _capacity = BlockLength;
            return;
        }
        // One that filled a block is likely to fill the next.
        _blocks.Add((nint)NativeBlocks.Allocate(isAllUsed: true));
        _capacity = checked(_capacity + BlockLength);
    }
}
